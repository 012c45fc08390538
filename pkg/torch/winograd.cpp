// 3×3 convolutions of stride 1 by F(2×2,3×3) of Lavin & Gray 2015 (equation 8):
// each 2×2 of the result takes 16 products of each pair of channels, not 36.
//
// A task is a block of tiles. Its input is transformed to 16 matrices of
// [tiles, channels], each is multiplied by one of the 16 matrices of weights, and
// the products, in float32, are transformed back to a 2×2 of the result, with
// bias, ReLU and pooling on the way. All of that stays in the core's own cache.
// Sums before the products are in float32 and are rounded to bfloat16 once, so
// the error is 1.3 to 1.6 times that of a plain convolution in bfloat16.
// Which task computes what does not depend on the number of threads.
#include "winograd.hpp"

#include "products.hpp"
#include "winograd_tiles.hpp"

#include <utility>
#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t positions = 16, lanes = 16;

struct Shape : Grid {
  int64_t C, K, columns, block;
  Shape(const at::Tensor& x, int64_t k)
      : Grid(x, 2), C(x.size(1)), K(k), columns(winograd_columns(k)),
        // Transformed, a block is 1 MiB at most.
        block(std::clamp<int64_t>((1 << 20) / (positions * C * 2) / 32 * 32, 32, 256)) {}
};

// Aᵀ·m·A with the four pixels in added, where there are any, for as many channels as
// a product has columns, to the four pixels in y that are there, or their largest to
// the first.
GT_BF16 void transform_output(const float* m, int64_t step, const float* bias, const uint16_t* const* added, bool relu,
                              bool pool, uint16_t* const* y, int64_t columns) {
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t k = 0; k < columns; k += lanes) {
    __m512 a[2][4], out[4], b = _mm512_loadu_ps(bias + k);
    for (int j = 0; j < 4; j++) {
      const float* p = m + j * step + k;
      __m512 m0 = _mm512_loadu_ps(p), m1 = _mm512_loadu_ps(p + 4 * step), m2 = _mm512_loadu_ps(p + 8 * step),
             m3 = _mm512_loadu_ps(p + 12 * step);
      a[0][j] = _mm512_add_ps(_mm512_add_ps(m0, m1), m2);
      a[1][j] = _mm512_sub_ps(_mm512_sub_ps(m1, m2), m3);
    }
    for (int i = 0; i < 2; i++) {
      out[2 * i] = _mm512_add_ps(_mm512_add_ps(a[i][0], b), _mm512_add_ps(a[i][1], a[i][2]));
      out[2 * i + 1] = _mm512_add_ps(_mm512_sub_ps(a[i][1], a[i][2]), _mm512_sub_ps(b, a[i][3]));
    }
    for (int i = 0; i < 4; i++)
      if (added[i]) out[i] = _mm512_add_ps(out[i], load(added[i] + k));
    if (relu)
      for (__m512& v : out) v = _mm512_max_ps(zero, v);  // NaN stays: it is the second
    if (pool) {
      store(y[0] + k, larger(larger(out[0], out[1]), larger(out[2], out[3])));
      continue;
    }
    for (int i = 0; i < 4; i++)
      if (y[i]) store(y[i] + k, out[i]);
  }
}

struct Work {
  Shape s;
  const uint16_t* x;
  const bf16* weights;
  const float* bias;
  const uint16_t* added;  // or null
  uint16_t* y;
  bool relu, pool;
  std::vector<uint16_t> nothing;  // a pixel outside

  GT_BF16 void gather(int64_t tile, uint16_t* v) const {
    const uint16_t* px[positions];
    s.pixels(tile, x, s.C, 4, -1, nothing.data(), px);
    for (int64_t c = 0; c < s.C; c += lanes) {
      __m256i out[positions];
      transform_input(px, c, out);
      for (int64_t p = 0; p < positions; p++)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(v + p * s.block * s.C + c), out[p]);
    }
  }

  void scatter(int64_t tile, const float* m, int64_t first) const {
    int64_t n = tile / (s.th * s.tw), i = tile / s.tw % s.th, j = tile % s.tw;
    uint16_t* to[4] = {};
    const uint16_t* from[4] = {};
    for (int64_t p = 0; p < 4; p++) {
      int64_t a = 2 * i + p / 2, b = 2 * j + p % 2, at = ((n * s.H + a) * s.W + b) * s.K + first;
      if (a >= s.H || b >= s.W) continue;
      to[p] = y + at;
      if (added) from[p] = added + at;
    }
    if (pool) to[0] = y + ((n * s.th + i) * s.tw + j) * s.K + first;
    transform_output(m, s.block * s.columns, bias + first, from, relu, pool, to, s.columns);
  }

  void block(int64_t first, bf16* v, float* m) const {
    int64_t n = std::min(s.block, s.tiles() - first), rows = round_up(n, 32);  // few different sizes
    for (int64_t t = 0; t < n; t++) gather(first + t, reinterpret_cast<uint16_t*>(v) + t * s.C);
    for (int64_t k = 0; k < s.K; k += s.columns) {
      for (int64_t p = 0; p < positions; p++)
        product(rows, s.columns, s.C, v + p * s.block * s.C, s.C, weights + (p * s.K + k) * s.C, m + p * s.block * s.columns,
                false);
      for (int64_t t = 0; t < n; t++) scatter(first + t, m + t * s.columns, k);
    }
  }
};

}  // namespace

bool winograd_fits(const at::Tensor& w) { return bf16_products() && w.size(0) % 64 == 0 && w.size(1) % 32 == 0; }

at::Tensor winograd(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                    bool relu, bool pool) {
  Shape s(x, bias.size(0));
  at::Tensor y = at::empty({s.N, s.K, pool ? s.H / 2 : s.H, pool ? s.W / 2 : s.W},
                           x.options().memory_format(at::MemoryFormat::ChannelsLast));
  Work w{s, static_cast<const uint16_t*>(x.data_ptr()), weights.data_ptr<bf16>(), bias.data_ptr<float>(),
         added.defined() ? static_cast<const uint16_t*>(added.data_ptr()) : nullptr, static_cast<uint16_t*>(y.data_ptr()),
         relu, pool, std::vector<uint16_t>(s.C)};
  int64_t blocks = at::divup(s.tiles(), s.block);
  each(
      blocks,
      [&] {
        return std::pair(std::vector<bf16>(positions * s.block * s.C), std::vector<float>(positions * s.block * s.columns));
      },
      [&](int64_t i, auto& own) { w.block(i * s.block, own.first.data(), own.second.data()); });
  return y;
}

#else

bool winograd_fits(const at::Tensor&) { return false; }
at::Tensor winograd(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool) { return x; }

#endif
