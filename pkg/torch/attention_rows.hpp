// The part of attention between its products: softmax, its gradient and the
// mask, over one row of scores.
#ifndef GOTUNE_ATTENTION_ROWS_HPP
#define GOTUNE_ATTENTION_ROWS_HPP

#include "floats.hpp"
#include "hash.hpp"

#include <cmath>

namespace {

// As many words as there are numbers in a register.
template <class V>
struct WordsOf;
template <>
struct WordsOf<F4> {
  typedef uint32_t T __attribute__((vector_size(16)));
  static constexpr T numbers{0, 1, 2, 3};
};
template <>
struct WordsOf<F8> {
  typedef uint32_t T __attribute__((vector_size(32)));
  static constexpr T numbers{0, 1, 2, 3, 4, 5, 6, 7};
};
template <>
struct WordsOf<F16> {
  typedef uint32_t T __attribute__((vector_size(64)));
  static constexpr T numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
};

template <class V>
constexpr int64_t lanes = sizeof(V) / sizeof(float);

// e^x for x ≤ 0 or little above, to 2e-7: x = n·ln2 + r, a polynomial in r, n
// into the exponent. Below -87 it is e^-87, 2e-38.
template <class V>
GT_INLINE V exp_of(const V& v) {
  typedef typename WordsOf<V>::T Words;
  V x = v < -87.0f ? V{} - 87.0f : v;
  // Adding 1.5·2^23 leaves the nearest integer in the low bits.
  V t = x * 1.44269504088896341f + 12582912.0f;
  V n = t - 12582912.0f;
  V r = x - n * 0.693359375f + n * 2.12194440e-4f;
  V y = r * 1.9875691500e-4f + 1.3981999507e-3f;
  y = y * r + 8.3334519073e-3f;
  y = y * r + 4.1665795894e-2f;
  y = y * r + 1.6666665459e-1f;
  y = y * r + 5.0000001201e-1f;
  y = y * r * r + r + 1.0f;
  return (V)((Words)y + ((Words)t << 23));
}

// 1 in the lanes from j on that are kept, 0 in the others. A row has a key of
// its own, hashed from all of its index; one finaliser with the second word
// within serves its elements.
template <class V>
GT_INLINE V kept(uint32_t j, Key k, uint32_t drop) {
  typename WordsOf<V>::T h = (WordsOf<V>::numbers + j) ^ k.a;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h += k.b;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h < drop ? V{} : V{} + 1.0f;
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

// The largest of a row's n scores; what follows them, up to width (a multiple of 16),
// becomes less than any.
template <class V>
GT_INLINE float top_of(float* s, int64_t n, int64_t width) {
  for (int64_t j = n; j < width; j++) s[j] = -INFINITY;
  V top = load<V>(s);
  for (int64_t j = lanes<V>; j < width; j += lanes<V>) {
    V x = load<V>(s + j);
    top = x > top ? x : top;
  }
  float max = top[0];
  for (int i = 1; i < lanes<V>; i++) max = std::max(max, top[i]);
  return max;
}

template <class V>
GT_INLINE float sum_of(const V& x) {
  float sum = 0;
  for (int i = 0; i < lanes<V>; i++) sum += x[i];
  return sum;
}

// A register of a row's masked weights, and of the gradient of its scores before scaling,
// from its weights e and the gradient d of its masked weights.
template <class V>
GT_INLINE void gradient_of(const V& e, const V& d, int64_t j, float scale, const Row& row, uint32_t drop, float inverse, V* p, V* ds) {
  V m = drop ? kept<V>(static_cast<uint32_t>(j), row.key, drop) * inverse : V{} + 1.0f;
  *p = e * m;
  *ds = e * (d * m - row.dot) * scale;
}

// A row's n scores become weights p = e^(scale·s - max), masked, and 0 from n up to
// width. *sum is that of all, dropped ones too. The result is the logarithm of the
// softmax's denominator.
template <class V>
GT_INLINE float softmax_row_of(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, float* p) {
  float max = scale * top_of<V>(s, n, width);
  V total = {};
  for (int64_t j = 0; j < width; j += lanes<V>) {
    V e = exp_of<V>(load<V>(s + j) * scale - max);
    total += e;
    store<V>(p + j, drop ? e * kept<V>(static_cast<uint32_t>(j), k, drop) : e);
  }
  for (int64_t j = n; j < width; j++) p[j] = 0;
  *sum = sum_of<V>(total);
  return max + std::log(*sum);
}

template <class V>
GT_INLINE void gradient_row_of(const float* s, const float* d, int64_t n, int64_t width, float scale, const Row& row,
                               uint32_t drop, float inverse, float* p, float* ds) {
  for (int64_t j = 0; j < width; j += lanes<V>) {
    V a, b;
    gradient_of<V>(exp_of<V>(load<V>(s + j) * scale - row.lse), load<V>(d + j), j, scale, row, drop, inverse, &a, &b);
    store<V>(p + j, a), store<V>(ds + j, b);
  }
  for (int64_t j = n; j < width; j++) p[j] = ds[j] = 0;
}

#if defined(__x86_64__)
GT_AVX2 float softmax_row_of_8(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, float* p) {
  return softmax_row_of<F8>(s, n, width, scale, k, drop, sum, p);
}
GT_AVX512 float softmax_row_of_16(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, float* p) {
  return softmax_row_of<F16>(s, n, width, scale, k, drop, sum, p);
}
GT_AVX2 void gradient_row_of_8(const float* s, const float* d, int64_t n, int64_t width, float scale, const Row& row,
                               uint32_t drop, float inverse, float* p, float* ds) {
  gradient_row_of<F8>(s, d, n, width, scale, row, drop, inverse, p, ds);
}
GT_AVX512 void gradient_row_of_16(const float* s, const float* d, int64_t n, int64_t width, float scale, const Row& row,
                                  uint32_t drop, float inverse, float* p, float* ds) {
  gradient_row_of<F16>(s, d, n, width, scale, row, drop, inverse, p, ds);
}
#endif

inline float softmax_row(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, float* p) {
#if defined(__x86_64__)
  if (vectors_of_16()) return softmax_row_of_16(s, n, width, scale, k, drop, sum, p);
  if (vectors_of_8()) return softmax_row_of_8(s, n, width, scale, k, drop, sum, p);
#endif
  return softmax_row_of<F4>(s, n, width, scale, k, drop, sum, p);
}

inline void gradient_row(const float* s, const float* d, int64_t n, int64_t width, float scale, const Row& row, uint32_t drop,
                         float inverse, float* p, float* ds) {
#if defined(__x86_64__)
  if (vectors_of_16()) return gradient_row_of_16(s, d, n, width, scale, row, drop, inverse, p, ds);
  if (vectors_of_8()) return gradient_row_of_8(s, d, n, width, scale, row, drop, inverse, p, ds);
#endif
  gradient_row_of<F4>(s, d, n, width, scale, row, drop, inverse, p, ds);
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
  float max = scale * top_of<F16>(s, n, width);
  F16 total = {};
  for (int64_t j = 0; j < width; j += lanes<F16>) {
    F16 e = (F16)exp2_of(_mm512_loadu_ps(s + j) * (scale * log2e) - max * log2e);
    total += e;
    store(p + j, (__m512)(drop ? e * kept<F16>(static_cast<uint32_t>(j), k, drop) : e));
  }
  std::fill(p + n, p + width, 0);
  *sum = sum_of<F16>(total);
  return max + std::log(*sum);
}

// Two rows' weights p, interleaved as products take their second operand, and the
// gradients of their scores, so and as rows. Of the rows there are count.
GT_BF16 void gradient_rows(const float* s, const float* d, int64_t count, int64_t n, int64_t width, float scale, const Row* rows,
                           uint32_t drop, float inverse, uint32_t* p, uint32_t* ds, uint16_t* ds_rows) {
  for (int64_t j = 0; j < width; j += lanes<F16>) {
    __mmask16 inside = static_cast<__mmask16>(j + lanes<F16> <= n ? 0xffff : j < n ? (1 << (n - j)) - 1 : 0);
    __m256i a[2], b[2];
    for (int64_t r = 0; r < 2; r++) {
      F16 x = {}, y = {};
      if (r < count) {
        __m512 e = exp2_of(_mm512_loadu_ps(s + r * width + j) * (scale * log2e) - rows[r].lse * log2e);
        gradient_of<F16>((F16)e, load<F16>(d + r * width + j), j, scale, rows[r], drop, inverse, &x, &y);
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
