// The gradient of a 3×3 convolution by its weights on matrix units: a product of
// gradient and input for each of the nine taps, over all pixels of the batch.
//
// oneDNN's own goes row by row, which leaves the units idle where rows are short:
// of 512 channels at 14×14 it reaches 1.2 TFLOP/s where this reaches 1.8, at 7×7 0.5
// for 1.2. Pixels lie one after the other with a zero behind each row and a row of
// zeros behind each image, so a tap is a distance in one dimension. Products take
// their second operand by pairs of pixels: those that begin at even pixels and
// those at odd ones are both laid out, and every tap finds its own.
//
// Sums are in float32, over chunks of pixels in order, so the number of threads
// changes nothing.
#include "convolve.hpp"

#include "avx512.hpp"
#include "products.hpp"

#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t taps = 9, side = 64, cell = side * side;  // channels of a product, its numbers
constexpr int64_t spare = 32;                 // keeps a chunk's rows out of each other's cache sets
constexpr int64_t memory = 48 << 20;          // bytes of what is laid out at once

// What both operands share. Chunks are of depth pixels; of the input, halo more on
// either side are laid out.
struct Pixels {
  int64_t H, W, K, C, pitch, total, halo, depth;
  const uint16_t *gy, *x;
  std::vector<uint16_t> nothing;

  Pixels(const at::Tensor& g, const at::Tensor& in)
      : H(in.size(2)), W(in.size(3)), K(g.size(1)), C(in.size(1)), pitch(W + 1), total(in.size(0) * (H + 1) * pitch),
        halo(round_up(pitch + 1, 2)), gy(static_cast<const uint16_t*>(g.data_ptr())),
        x(static_cast<const uint16_t*>(in.data_ptr())), nothing(std::max(K, C)) {
    int64_t n = at::divup(total, 512);
    depth = round_up(at::divup(total, n), 32);
  }
  int64_t chunks() const { return at::divup(total, depth); }
  int64_t row() const { return depth + spare; }       // of the first operand
  int64_t pairs() const { return depth / 2 + halo; }  // of the second, from -halo

  const uint16_t* at(const uint16_t* t, int64_t channels, int64_t pixel) const {
    if (pixel < 0 || pixel >= total) return nothing.data();
    int64_t j = pixel % pitch, i = pixel / pitch % (H + 1), n = pixel / pitch / (H + 1);
    return j < W && i < H ? t + ((n * H + i) * W + j) * channels : nothing.data();
  }
};

// A chunk of the gradients as rows of first operands [64, row], the next 64
// channels' step further.
GT_BF16 void put_gradients(const Pixels& s, int64_t chunk, uint16_t* a, int64_t step) {
  for (int64_t t = 0; t < s.depth; t += 32) {
    const uint16_t* px[32];
    for (int i = 0; i < 32; i++) px[i] = s.at(s.gy, s.K, chunk * s.depth + t + i);
    for (int64_t k = 0; k < s.K; k += 16) {
      __m512i r[16];
      for (int i = 0; i < 16; i++) r[i] = interleave(words_at(px[2 * i] + k), words_at(px[2 * i + 1] + k));
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(a + k / side * step + (k % side + i) * s.row() + t, r[i]);
    }
  }
}

// A chunk of the input as second operands [pairs, 64, 2], even pairs and then odd
// ones, the next 64 channels' step further.
GT_BF16 void put_inputs(const Pixels& s, int64_t chunk, uint32_t* b, int64_t step) {
  int64_t first = chunk * s.depth - s.halo;
  const uint16_t* before = s.at(s.x, s.C, first);
  for (int64_t t = 0; t < s.pairs(); t++) {
    const uint16_t *middle = s.at(s.x, s.C, first + 2 * t + 1), *after = s.at(s.x, s.C, first + 2 * t + 2);
    for (int64_t c = 0; c < s.C; c += 16) {
      uint32_t* to = b + c / side * step + t * side + c % side;
      __m256i shared = words_at(middle + c);
      _mm512_storeu_si512(to, interleave(words_at(before + c), shared));
      _mm512_storeu_si512(to + s.pairs() * side, interleave(shared, words_at(after + c)));
    }
    before = after;
  }
}

// The taps of 64 channels, a cell apart, to [64,3,3].
GT_BF16 void gather_taps(const float* cells, float* to) {
  for (int64_t c = 0; c < side; c += 16) {
    __m512i r[16] = {};
    for (int64_t tap = 0; tap < taps; tap++) r[tap] = _mm512_loadu_si512(cells + tap * cell + c);
    transpose16(r);
    for (int64_t i = 0; i < 16; i++) _mm512_mask_storeu_epi32(to + (c + i) * taps, (1 << taps) - 1, r[i]);
  }
}

}  // namespace

bool taps_fit(const at::Tensor& x, const at::Tensor& w) {
  bool fits = w.size(0) % side == 0 && w.size(1) % side == 0;
  return fits && matrix_units() && bf16_products() && x.size(3) <= 16 && w.size(0) * w.size(1) >= 16 * cell;
}

at::Tensor taps_weight_gradient(const at::Tensor& gy, const at::Tensor& x) {
  Pixels s(gy, x);
  int64_t bands = s.K / side, panels = s.C / side;
  int64_t a_chunk = side * s.row(), b_chunk = 2 * s.pairs() * side * 2;  // of 64 channels
  int64_t portion = std::clamp<int64_t>(memory / 2 / (bands * a_chunk + panels * b_chunk), 1, s.chunks());
  auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
  at::Tensor a = at::empty({bands * portion * a_chunk}, options), b = at::empty({panels * portion * b_chunk}, options);
  at::Tensor sums = at::empty({taps * s.K * s.C}, options.dtype(at::kFloat));
  at::Tensor out = at::empty({s.K, s.C, 3, 3}, options.dtype(at::kFloat));
  auto *ap = static_cast<bf16*>(a.data_ptr()), *bp = static_cast<bf16*>(b.data_ptr());
  float *m = sums.data_ptr<float>(), *w = out.data_ptr<float>();
  for (int64_t from = 0; from < s.chunks(); from += portion) {
    int64_t n = std::min(portion, s.chunks() - from);
    at::parallel_for(0, 2 * n, 1, [&](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; i++) {
        if (i % 2)
          put_gradients(s, from + i / 2, reinterpret_cast<uint16_t*>(ap) + i / 2 * a_chunk, portion * a_chunk);
        else
          put_inputs(s, from + i / 2, reinterpret_cast<uint32_t*>(bp + i / 2 * b_chunk), portion * b_chunk / 2);
      }
    });
    each(bands * panels, [] { return 0; }, [&](int64_t task, int) {
      int64_t band = task % bands, panel = task / bands;
      for (int64_t c = 0; c < n; c++)
        for (int64_t tap = 0; tap < taps; tap++) {
          int64_t pixel = s.halo + (tap / 3 - 1) * s.pitch + tap % 3 - 1;
          int64_t pair = pixel / 2 + pixel % 2 * s.pairs();
          product(side, side, s.depth, ap + (band * portion + c) * a_chunk, s.row(),
                  bp + (panel * portion + c) * b_chunk + pair * side * 2, m + (task * taps + tap) * cell, from + c > 0);
        }
    });
  }
  at::parallel_for(0, s.K, 1, [&](int64_t first, int64_t end) {
    for (int64_t k = first; k < end; k++)
      for (int64_t panel = 0; panel < panels; panel++)
        gather_taps(m + (panel * bands + k / side) * taps * cell + k % side * side, w + (k * s.C + panel * side) * taps);
  });
  return out;
}

at::Tensor channel_sums(const at::Tensor& gy) {
  constexpr int64_t most = 4096;  // pixels that one float32 sums
  int64_t K = gy.size(1), pixels = gy.numel() / K, parts = at::divup(pixels, most);
  at::Tensor sums = at::empty({parts, K}, gy.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
  at::parallel_for(0, parts, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++)
      sum_columns(static_cast<const uint16_t*>(gy.data_ptr()) + i * most * K, K, std::min(most, pixels - i * most), K,
                  sums.data_ptr<float>() + i * K);
  });
  return sums.sum(0);
}

#else

bool taps_fit(const at::Tensor&, const at::Tensor&) { return false; }
at::Tensor taps_weight_gradient(const at::Tensor&, const at::Tensor& x) { return x; }
at::Tensor channel_sums(const at::Tensor& gy) { return gy; }

#endif
