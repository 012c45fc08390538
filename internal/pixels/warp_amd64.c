#include "warp_amd64.h"

#include <immintrin.h>

#define VECTORS __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

enum { weight_bits = 13, frac_bits = 32, lanes = 16 };

int gotune_warp_supported(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

// Sixteen coordinates from 32.32 fixed point on, held to 0…last: the pixel, and
// the part of the way to the next one.
VECTORS static inline void place(int64_t p, int64_t d, int last, __m512i* pixel, __m512i* part) {
  const __m512i steps = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  __m512i low = _mm512_add_epi64(_mm512_set1_epi64(p), _mm512_mullo_epi64(steps, _mm512_set1_epi64(d)));
  __m512i high = _mm512_add_epi64(low, _mm512_set1_epi64(8 * d));
  __m512i zero = _mm512_setzero_si512(), end = _mm512_set1_epi64((int64_t)last << frac_bits);
  low = _mm512_srli_epi64(_mm512_min_epi64(_mm512_max_epi64(low, zero), end), frac_bits - weight_bits);
  high = _mm512_srli_epi64(_mm512_min_epi64(_mm512_max_epi64(high, zero), end), frac_bits - weight_bits);
  __m512i v = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(low)), _mm512_cvtepi64_epi32(high), 1);
  *pixel = _mm512_srli_epi32(v, weight_bits);
  *part = _mm512_and_si512(v, _mm512_set1_epi32((1 << weight_bits) - 1));
  // The last pixel is reached from the one before, with all of the weight.
  __mmask16 edge = _mm512_cmpeq_epi32_mask(*pixel, _mm512_set1_epi32(last));
  *pixel = _mm512_mask_sub_epi32(*pixel, edge, *pixel, _mm512_set1_epi32(1));
  *part = _mm512_mask_mov_epi32(*part, edge, _mm512_set1_epi32(1 << weight_bits));
}

// One channel of two neighbours, side by side in 16 bits each.
VECTORS static inline __m512i pair(__m512i left, __m512i right, int channel) {
  const __m512i byte = _mm512_set1_epi32(0xff);
  __m512i l = _mm512_and_si512(_mm512_srli_epi32(left, 8 * channel), byte);
  __m512i r = _mm512_and_si512(_mm512_srli_epi32(right, 8 * channel), byte);
  return _mm512_or_si512(l, _mm512_slli_epi32(r, 16));
}

VECTORS static inline __m512i weights(__m512i left, __m512i right) {
  return _mm512_or_si512(left, _mm512_slli_epi32(right, 16));
}

VECTORS void gotune_warp(uint8_t* dst, int64_t plane, int w, int h, const uint8_t* pix, int src_w, int src_h,
                         const int64_t* lines) {
  const __m512i one = _mm512_set1_epi32(1 << weight_bits), half = _mm512_set1_epi32(1 << (weight_bits - 1));
  const __m512i threes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const int64_t stride = 3 * (int64_t)src_w, dx = lines[0], dy = lines[1];
  for (int y = 0; y < h; y++) {
    const int64_t *line = lines + 2 + 2 * y;
    for (int done = 0; done < w; done += lanes) {
      int i = done + lanes <= w ? done : w - lanes;  // the last sixteen overlap those before
      __m512i x0, y0, fx, fy;
      place(line[0] + i * dx, dx, src_w - 1, &x0, &fx);
      place(line[1] + i * dy, dy, src_h - 1, &y0, &fy);
      __m512i at = _mm512_add_epi32(_mm512_mullo_epi32(y0, _mm512_set1_epi32((int)stride)),
                                    _mm512_add_epi32(x0, _mm512_slli_epi32(x0, 1)));
      // Four bytes at a time: from the right neighbour's on they would leave the
      // picture at its end, so they begin one earlier.
      const __m512i above = _mm512_i32gather_epi32(at, pix, 1);
      const __m512i above_right = _mm512_srli_epi32(_mm512_i32gather_epi32(at, pix + 2, 1), 8);
      const __m512i below = _mm512_i32gather_epi32(at, pix + stride, 1);
      const __m512i below_right = _mm512_srli_epi32(_mm512_i32gather_epi32(at, pix + stride + 2, 1), 8);
      __m512i w11 = _mm512_srli_epi32(_mm512_mullo_epi32(fx, fy), weight_bits);
      __m512i w01 = _mm512_sub_epi32(fx, w11), w10 = _mm512_sub_epi32(fy, w11);
      __m512i w00 = _mm512_sub_epi32(_mm512_sub_epi32(one, fx), w10);
      __m512i top = weights(w00, w01), bottom = weights(w10, w11), c[3];
      for (int k = 0; k < 3; k++) {
        __m512i sum = _mm512_add_epi32(_mm512_madd_epi16(pair(above, above_right, k), top),
                                       _mm512_madd_epi16(pair(below, below_right, k), bottom));
        c[k] = _mm512_srli_epi32(_mm512_add_epi32(sum, half), weight_bits);
      }
      if (plane == 1) {
        __m512i v = _mm512_or_si512(c[0], _mm512_or_si512(_mm512_slli_epi32(c[1], 8), _mm512_slli_epi32(c[2], 16)));
        v = _mm512_maskz_compress_epi32(0x7777, _mm512_shuffle_epi8(v, threes));
        _mm512_mask_storeu_epi32(dst + 3 * ((int64_t)y * w + i), 0x0fff, v);
      } else {
        for (int k = 0; k < 3; k++)
          _mm_storeu_si128((__m128i*)(dst + k * plane + (int64_t)y * w + i), _mm512_cvtepi32_epi8(c[k]));
      }
    }
  }
}
