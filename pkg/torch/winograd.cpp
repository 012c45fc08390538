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

#include "avx512.hpp"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <atomic>
#include <vector>

#if defined(__x86_64__)
namespace {

using bf16 = at::BFloat16;
constexpr int64_t positions = 16, lanes = 16;

struct Shape {
  int64_t N, H, W, C, K, columns, th, tw, block;
  Shape(const at::Tensor& x, int64_t k)
      : N(x.size(0)), H(x.size(2)), W(x.size(3)), C(x.size(1)), K(k), columns(winograd_columns(k)), th((H + 1) / 2), tw((W + 1) / 2),
        // Transformed, a block is 1 MiB at most.
        block(std::clamp<int64_t>((1 << 20) / (positions * C * 2) / 32 * 32, 32, 256)) {}
  int64_t tiles() const { return N * th * tw; }
};

// Bᵀ·d·B of the 4×4 pixels at px, for all channels; a position's result is step
// further than the one before.
GT_BF16 void transform_input(const uint16_t* const* px, int64_t C, uint16_t* v, int64_t step) {
  for (int64_t c = 0; c < C; c += lanes) {
    __m512 t[4][4];
    for (int j = 0; j < 4; j++) {
      __m512 a = load(px[j] + c), b = load(px[4 + j] + c), e = load(px[8 + j] + c), f = load(px[12 + j] + c);
      t[0][j] = _mm512_sub_ps(a, e), t[1][j] = _mm512_add_ps(b, e);
      t[2][j] = _mm512_sub_ps(e, b), t[3][j] = _mm512_sub_ps(b, f);
    }
    for (int i = 0; i < 4; i++) {
      uint16_t* to = v + 4 * i * step + c;
      store(to, _mm512_sub_ps(t[i][0], t[i][2]));
      store(to + step, _mm512_add_ps(t[i][1], t[i][2]));
      store(to + 2 * step, _mm512_sub_ps(t[i][2], t[i][1]));
      store(to + 3 * step, _mm512_sub_ps(t[i][1], t[i][3]));
    }
  }
}

// The larger of both, NaN before any number.
GT_BF16 inline __m512 larger(__m512 a, __m512 b) {
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

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

  const uint16_t* pixel(int64_t n, int64_t i, int64_t j) const {
    bool inside = i >= 0 && i < s.H && j >= 0 && j < s.W;
    return inside ? x + ((n * s.H + i) * s.W + j) * s.C : nothing.data();
  }

  void gather(int64_t tile, uint16_t* v) const {
    int64_t n = tile / (s.th * s.tw), i = tile / s.tw % s.th * 2, j = tile % s.tw * 2;
    const uint16_t* px[positions];
    for (int64_t p = 0; p < positions; p++) px[p] = pixel(n, i + p / 4 - 1, j + p % 4 - 1);
    transform_input(px, s.C, v, s.block * s.C);
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
    int64_t n = std::min(s.block, s.tiles() - first), rows = (n + 31) / 32 * 32;  // few different sizes
    for (int64_t t = 0; t < n; t++) gather(first + t, reinterpret_cast<uint16_t*>(v) + t * s.C);
    for (int64_t k = 0; k < s.K; k += s.columns) {
      for (int64_t p = 0; p < positions; p++)
        at::native::cpublas::brgemm(rows, s.columns, s.C, s.C, s.columns, s.columns, false, v + p * s.block * s.C,
                                    weights + (p * s.K + k) * s.C, m + p * s.block * s.columns, true);
      for (int64_t t = 0; t < n; t++) scatter(first + t, m + t * s.columns, k);
    }
  }
};

}  // namespace

bool winograd_fits(const at::Tensor& w, at::ScalarType type, int64_t stride, int64_t padding) {
  return vectors_of_bf16() && type == at::kBFloat16 && stride == 1 && padding == 1 && w.size(2) == 3 && w.size(3) == 3 &&
         w.size(0) % 64 == 0 && w.size(1) % 32 == 0;
}

at::Tensor winograd(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                    bool relu, bool pool) {
  Shape s(x, bias.size(0));
  at::Tensor y = at::empty({s.N, s.K, pool ? s.H / 2 : s.H, pool ? s.W / 2 : s.W},
                           x.options().memory_format(at::MemoryFormat::ChannelsLast));
  Work w{s, static_cast<const uint16_t*>(x.data_ptr()), weights.data_ptr<bf16>(), bias.data_ptr<float>(),
         added.defined() ? static_cast<const uint16_t*>(added.data_ptr()) : nullptr, static_cast<uint16_t*>(y.data_ptr()),
         relu, pool, std::vector<uint16_t>(s.C)};
  int64_t blocks = (s.tiles() + s.block - 1) / s.block;
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(blocks, at::get_num_threads()), 1, [&](int64_t, int64_t) {
    std::vector<bf16> v(positions * s.block * s.C);
    std::vector<float> m(positions * s.block * s.columns);
    for (int64_t i; (i = next++) < blocks;) w.block(i * s.block, v.data(), m.data());
    at::native::cpublas::brgemm_release(true);
  });
  return y;
}

#else

bool winograd_fits(const at::Tensor&, at::ScalarType, int64_t, int64_t) { return false; }
at::Tensor winograd(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool) { return x; }

#endif
