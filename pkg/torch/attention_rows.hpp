// The part of attention between its products: softmax, its gradient and the
// mask, over one row of scores.
#ifndef GOTUNE_ATTENTION_ROWS_HPP
#define GOTUNE_ATTENTION_ROWS_HPP

#include "avx512.hpp"
#include "hash.hpp"

#include <cmath>

#pragma GCC diagnostic ignored "-Wpsabi"

namespace {

// GCC makes of these what the CPU has: one register of AVX-512, two of AVX2,
// four of SSE or NEON.
typedef float Floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t Words __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int64_t lanes = 16;

GT_INLINE Floats& at_floats(float* p) { return *reinterpret_cast<Floats*>(p); }
GT_INLINE const Floats& at_floats(const float* p) { return *reinterpret_cast<const Floats*>(p); }

// e^x for x ≤ 0 or little above, to 2e-7: x = n·ln2 + r, a polynomial in r, n
// into the exponent. Below -87 it is e^-87, 2e-38.
GT_INLINE Floats exp_of(Floats x) {
  x = x < -87.0f ? Floats{} - 87.0f : x;
  // Adding 1.5·2^23 leaves the nearest integer in the low bits.
  Floats t = x * 1.44269504088896341f + 12582912.0f;
  Floats n = t - 12582912.0f;
  Floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
  Floats y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  return (Floats)((Words)y + ((Words)t << 23));
}

// 1 in the lanes from j on that are kept, 0 in the others. A row has a key of
// its own, hashed from all of its index; one finaliser with the second word
// within serves its elements.
GT_INLINE Floats kept(uint32_t j, Key k, uint32_t drop) {
  Words h = (Words{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + j) ^ k.a;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h += k.b;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h < drop ? Floats{} : Floats{} + 1.0f;
}

// The key of row i, counted over heads and tokens.
inline Key row_key(Key k, uint64_t i) {
  Key page = of_page(k, i);
  return {hash(static_cast<uint32_t>(i), page), hash(static_cast<uint32_t>(i), {page.b, page.a})};
}

// Of a row: the logarithm of its softmax's denominator, the inner product of its
// output and the output's gradient, and its mask's key.
struct Row {
  float lse, dot;
  Key key;
};

// The largest of a row's n scores; what follows them, up to width (a multiple of
// lanes), becomes less than any.
GT_INLINE float top_of(float* s, int64_t n, int64_t width) {
  for (int64_t j = n; j < width; j++) s[j] = -INFINITY;
  Floats top = at_floats(s);
  for (int64_t j = lanes; j < width; j += lanes) {
    Floats x = at_floats(s + j);
    top = x > top ? x : top;
  }
  float max = top[0];
  for (int i = 1; i < lanes; i++) max = std::max(max, top[i]);
  return max;
}

GT_INLINE float sum_of(Floats x) {
  float sum = 0;
  for (int i = 0; i < lanes; i++) sum += x[i];
  return sum;
}

// lanes of a row's masked weights, and of the gradient of its scores before scaling,
// from its weights e and the gradient d of its masked weights.
GT_INLINE void gradient_of(Floats e, Floats d, int64_t j, float scale, const Row& row, uint32_t drop, float inverse, Floats* p,
                           Floats* ds) {
  Floats m = drop ? kept(static_cast<uint32_t>(j), row.key, drop) * inverse : Floats{} + 1.0f;
  *p = e * m;
  *ds = e * (d * m - row.dot) * scale;
}

// A row's n scores become weights p = e^(scale·s - max), masked, and 0 from n up to
// width. *sum is that of all, dropped ones too. The result is the logarithm of the
// softmax's denominator.
GT_CLONES float softmax_row(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, float* p) {
  float max = scale * top_of(s, n, width);
  Floats total = {};
  for (int64_t j = 0; j < width; j += lanes) {
    Floats e = exp_of(at_floats(s + j) * scale - max);
    total += e;
    at_floats(p + j) = drop ? e * kept(static_cast<uint32_t>(j), k, drop) : e;
  }
  for (int64_t j = n; j < width; j++) p[j] = 0;
  *sum = sum_of(total);
  return max + std::log(*sum);
}

GT_CLONES void gradient_row(const float* s, const float* d, int64_t n, int64_t width, float scale, const Row& row, uint32_t drop,
                            float inverse, float* p, float* ds) {
  for (int64_t j = 0; j < width; j += lanes) {
    Floats a, b;
    gradient_of(exp_of(at_floats(s + j) * scale - row.lse), at_floats(d + j), j, scale, row, drop, inverse, &a, &b);
    at_floats(p + j) = a, at_floats(ds + j) = b;
  }
  for (int64_t j = n; j < width; j++) p[j] = ds[j] = 0;
}

GT_CLONES void narrow_row(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = narrow(x[i]);
}

GT_CLONES void widen_row(const uint16_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = widen(x[i]);
}

#if defined(__x86_64__)

constexpr float log2e = 1.44269504f;

// The same with weights in bfloat16.
GT_BF16 float softmax_row(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, uint16_t* p) {
  float max = scale * top_of(s, n, width);
  Floats total = {};
  for (int64_t j = 0; j < width; j += lanes) {
    Floats e = (Floats)exp2_of(_mm512_loadu_ps(s + j) * (scale * log2e) - max * log2e);
    total += e;
    store(p + j, (__m512)(drop ? e * kept(static_cast<uint32_t>(j), k, drop) : e));
  }
  std::fill(p + n, p + width, 0);
  *sum = sum_of(total);
  return max + std::log(*sum);
}

// Two rows' weights p, interleaved as products take their second operand, and the
// gradients of their scores, so and as rows. Of the rows there are count.
GT_BF16 void gradient_rows(const float* s, const float* d, int64_t count, int64_t n, int64_t width, float scale, const Row* rows,
                           uint32_t drop, float inverse, uint32_t* p, uint32_t* ds, uint16_t* ds_rows) {
  for (int64_t j = 0; j < width; j += lanes) {
    __mmask16 inside = static_cast<__mmask16>(j + lanes <= n ? 0xffff : j < n ? (1 << (n - j)) - 1 : 0);
    __m256i a[2], b[2];
    for (int64_t r = 0; r < 2; r++) {
      Floats x = {}, y = {};
      if (r < count) {
        __m512 e = exp2_of(_mm512_loadu_ps(s + r * width + j) * (scale * log2e) - rows[r].lse * log2e);
        gradient_of((Floats)e, at_floats(d + r * width + j), j, scale, rows[r], drop, inverse, &x, &y);
      }
      a[r] = round_down(_mm512_maskz_mov_ps(inside, (__m512)x)), b[r] = round_down(_mm512_maskz_mov_ps(inside, (__m512)y));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(ds_rows + r * width + j), b[r]);
    }
    _mm512_storeu_si512(p + j, interleave(a[0], a[1]));
    _mm512_storeu_si512(ds + j, interleave(b[0], b[1]));
  }
}

#endif

}  // namespace

#endif
