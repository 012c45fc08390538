// The tiles of a convolution's result, and the pixels of its input that each is of, which
// forward pass and gradient by the weights take and transform alike.
#ifndef GOTUNE_WINOGRAD_TILES_HPP
#define GOTUNE_WINOGRAD_TILES_HPP

#include "avx512.hpp"

#include <ATen/ATen.h>

#if defined(__x86_64__)
namespace {

// The tiles of images [N,.,H,W], each of size×size.
struct Grid {
  int64_t N, H, W, size, th, tw;

  Grid(const at::Tensor& x, int64_t size)
      : N(x.size(0)), H(x.size(2)), W(x.size(3)), size(size), th(at::divup(H, size)), tw(at::divup(W, size)) {}
  int64_t tiles() const { return N * th * tw; }

  // Tiles of a portion, where so many bytes of each are to fit into memory: all portions
  // are alike, of whole groups.
  int64_t portion_of(int64_t bytes, int64_t memory, int64_t group) const {
    int64_t most = std::max(group, memory / bytes / group * group);
    return at::divup(at::divup(tiles(), at::divup(tiles(), most)), group) * group;
  }

  // The side×side pixels in t [N,H,W,channels] from (first, first) of a tile; nothing is
  // a pixel outside.
  template <class E>
  void pixels(int64_t tile, const E* t, int64_t channels, int side, int first, const E* nothing, const E** px) const {
    int64_t n = tile / (th * tw), i = tile / tw % th * size + first, j = tile % tw * size + first;
    for (int p = 0; p < side * side; p++) {
      int64_t a = i + p / side, b = j + p % side;
      bool inside = n < N && a >= 0 && a < H && b >= 0 && b < W;
      px[p] = inside ? t + ((n * H + a) * W + b) * channels : nothing;
    }
  }
};

// Bᵀ·d·B of the 4×4 pixels at px, 16 channels from c, in bfloat16 by position (Lavin &
// Gray 2015, equation 8).
GT_BF16 inline __attribute__((always_inline)) void transform_input(const uint16_t* const* px, int64_t c, __m256i* out) {
  __m512 t[4][4];
  for (int j = 0; j < 4; j++) {
    __m512 a = load(px[j] + c), b = load(px[4 + j] + c), e = load(px[8 + j] + c), f = load(px[12 + j] + c);
    t[0][j] = a - e, t[1][j] = b + e, t[2][j] = e - b, t[3][j] = b - f;
  }
  for (int i = 0; i < 4; i++, out += 4) {
    out[0] = round_down(t[i][0] - t[i][2]), out[1] = round_down(t[i][1] + t[i][2]);
    out[2] = round_down(t[i][2] - t[i][1]), out[3] = round_down(t[i][1] - t[i][3]);
  }
}

}  // namespace

#endif
#endif
