// The part of attention between its products: softmax, its gradient and the
// mask, over one row of scores.
#ifndef GOTUNE_ATTENTION_ROWS_HPP
#define GOTUNE_ATTENTION_ROWS_HPP

#include "hash.hpp"

#include <cmath>

#pragma GCC diagnostic ignored "-Wpsabi"

namespace {

// GCC makes of these what the CPU has: one register of AVX-512, two of AVX2,
// four of SSE or NEON.
typedef float Floats __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t Words __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int64_t lanes = 16;

#define GT_INLINE inline __attribute__((always_inline))

GT_INLINE Floats& at_floats(float* p) { return *reinterpret_cast<Floats*>(p); }

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

// A row's n scores become e^(scale·s - max), masked; the rest of the row, up to
// width (a multiple of lanes), becomes 0. *sum is that of all, dropped ones
// too. The result is the logarithm of the softmax's denominator.
GT_CLONES float softmax_row(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum) {
  for (int64_t j = n; j < width; j++) s[j] = -INFINITY;
  Floats top = at_floats(s);
  for (int64_t j = lanes; j < width; j += lanes) {
    Floats x = at_floats(s + j);
    top = x > top ? x : top;
  }
  float max = top[0];
  for (int i = 1; i < lanes; i++) max = std::max(max, top[i]);
  max *= scale;
  Floats total = {};
  for (int64_t j = 0; j < width; j += lanes) {
    Floats e = exp_of(at_floats(s + j) * scale - max);
    total += e;
    at_floats(s + j) = drop ? e * kept(static_cast<uint32_t>(j), k, drop) : e;
  }
  for (int64_t j = n; j < width; j++) s[j] = 0;
  float all = 0;
  for (int i = 0; i < lanes; i++) all += total[i];
  *sum = all;
  return max + std::log(all);
}

// From a row's scores s and the gradient d of its masked weights, s becomes the
// masked weights and d the gradient of the scores before scaling. dot is the
// inner product of the row's output and the output's gradient.
GT_CLONES void gradient_row(float* s, float* d, int64_t n, int64_t width, float scale, float lse, float dot, Key k,
                            uint32_t drop, float inverse) {
  for (int64_t j = 0; j < width; j += lanes) {
    Floats p = exp_of(at_floats(s + j) * scale - lse);
    Floats m = drop ? kept(static_cast<uint32_t>(j), k, drop) * inverse : Floats{} + 1.0f;
    at_floats(s + j) = p * m;
    at_floats(d + j) = p * (at_floats(d + j) * m - dot) * scale;
  }
  for (int64_t j = n; j < width; j++) s[j] = d[j] = 0;
}

GT_CLONES void narrow_row(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = narrow(x[i]);
}

GT_CLONES void widen_row(const uint16_t* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = widen(x[i]);
}

// Two rows interleaved, as products in bfloat16 want their second operand.
GT_CLONES void interleave_rows(const float* a, const float* b, uint32_t* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = narrow(a[i]) | static_cast<uint32_t>(narrow(b[i])) << 16;
}

}  // namespace

#endif
