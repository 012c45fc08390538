// Weights of 3×3 convolutions as winograd.cpp multiplies by them: G·w·Gᵀ of Lavin &
// Gray 2015, in bfloat16.
#include "winograd.hpp"

#include "avx512.hpp"

#include <ATen/Parallel.h>

#if defined(__x86_64__)
namespace {

// G·w·Gᵀ of the 3×3 at w, for 16 outputs that lie stride floats apart.
GT_BF16 void transform(const float* w, __m512i stride, bool turned, __m256i* out) {
  __m512 t[4][3], g[3];
  const __m512 half = _mm512_set1_ps(0.5f);
  for (int j = 0; j < 3; j++) {
    for (int i = 0; i < 3; i++) {
      int tap = 3 * i + j;
      g[i] = _mm512_i32gather_ps(stride, w + (turned ? 8 - tap : tap), 4);
    }
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

// A panel of outputs from k: at every position [inputs/2, columns, 2], step pairs apart.
GT_BF16 void panel(const float* w, int64_t of_output, int64_t of_input, bool turned, int64_t inputs, int64_t columns,
                   int64_t step, uint32_t* out) {
  const __m512i stride = offsets(of_output);
  for (int64_t c = 0; c < inputs; c += 2, out += columns)
    for (int64_t k = 0; k < columns; k += 16) {
      __m256i a[16], b[16];
      const float* from = w + k * of_output + c * of_input;
      transform(from, stride, turned, a);
      transform(from + of_input, stride, turned, b);
      for (int p = 0; p < 16; p++) _mm512_storeu_si512(out + p * step + k, interleave(a[p], b[p]));
    }
}

}  // namespace

at::Tensor winograd_weights(const at::Tensor& weights, bool turned) {
  at::Tensor w = weights.detach().to(at::kFloat).contiguous();
  int64_t K = w.size(0), C = w.size(1), outputs = turned ? C : K, inputs = turned ? K : C;
  int64_t columns = winograd_columns(outputs), of_k = 9 * C, of_c = 9;
  int64_t of_output = turned ? of_c : of_k, of_input = turned ? of_k : of_c;
  at::Tensor out = at::empty({16, outputs / columns, inputs / 2, columns, 2}, w.options().dtype(at::kBFloat16));
  auto* to = static_cast<uint32_t*>(out.data_ptr());
  const float* from = w.const_data_ptr<float>();
  at::parallel_for(0, outputs / columns, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++)
      panel(from + i * columns * of_output, of_output, of_input, turned, inputs, columns, outputs * inputs / 2,
            to + i * columns * inputs / 2);
  });
  return out;
}

#else

at::Tensor winograd_weights(const at::Tensor& w, bool) { return w; }

#endif
