// Weights of 3×3 convolutions as winograd.cpp multiplies by them: G·w·Gᵀ of Lavin &
// Gray 2015, in bfloat16.
#include "winograd.hpp"

#include "avx512.hpp"
#include "filters.hpp"

#include <ATen/Parallel.h>

#if defined(__x86_64__)
namespace {

// G·w·Gᵀ of an input's 3×3, for 16 outputs, from the first on, that lie stride floats apart.
GT_BF16 void transform(const Filters& f, int64_t first, int64_t input, __m512i stride, __m256i* out) {
  const float* w = f.of(first, input);
  __m512 t[4][3], g[3];
  const __m512 half = _mm512_set1_ps(0.5f);
  for (int j = 0; j < 3; j++) {
    for (int i = 0; i < 3; i++) g[i] = _mm512_i32gather_ps(stride, w + f.tap(3 * i + j), 4);
    __m512 ends = _mm512_add_ps(g[0], g[2]);
    t[0][j] = g[0], t[3][j] = g[2];
    t[1][j] = _mm512_mul_ps(half, _mm512_add_ps(ends, g[1]));
    t[2][j] = _mm512_mul_ps(half, _mm512_sub_ps(ends, g[1]));
  }
  for (int i = 0; i < 4; i++, out += 4) {
    __m512 ends = _mm512_add_ps(t[i][0], t[i][2]);
    out[0] = round_down(t[i][0]), out[3] = round_down(t[i][2]);
    out[1] = round_down(_mm512_mul_ps(half, _mm512_add_ps(ends, t[i][1])));
    out[2] = round_down(_mm512_mul_ps(half, _mm512_sub_ps(ends, t[i][1])));
  }
}

// A panel of outputs from the first on: at every position [inputs/2, columns, 2].
GT_BF16 void panel(const Filters& f, int64_t first, int64_t columns, uint32_t* out) {
  const __m512i stride = offsets(f.of_output);
  for (int64_t c = 0; c < f.inputs; c += 2, out += columns)
    for (int64_t k = 0; k < columns; k += 16) {
      __m256i a[16], b[16];
      transform(f, first + k, c, stride, a);
      transform(f, first + k, c + 1, stride, b);
      for (int p = 0; p < 16; p++)
        _mm512_storeu_si512(out + p * f.outputs * f.inputs / 2 + k, interleave(a[p], b[p]));
    }
}

}  // namespace

at::Tensor winograd_weights(const at::Tensor& weights, bool turned) {
  Filters f(weights, turned);
  int64_t columns = winograd_columns(f.outputs);
  at::Tensor out = at::empty({16, f.outputs / columns, f.inputs / 2, columns, 2}, f.w.options().dtype(at::kBFloat16));
  auto* to = static_cast<uint32_t*>(out.data_ptr());
  at::parallel_for(0, f.outputs / columns, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++) panel(f, i * columns, columns, to + i * columns * f.inputs / 2);
  });
  return out;
}

#else

at::Tensor winograd_weights(const at::Tensor& w, bool) { return w; }

#endif
