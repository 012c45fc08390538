// bfloat16 in registers, 16 numbers each, for kernels that run only where the CPU multiplies it.
#ifndef GOTUNE_AVX512_HPP
#define GOTUNE_AVX512_HPP

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#define GT_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#if defined(__linux__) && __has_include(<amxbf16intrin.h>)  // of GCC 11 and later
#define GT_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512bf16")))
#endif

namespace {

// Whether oneDNN's own variable, of which it takes no notice where it does not know the
// value, allows instructions that any of these words names.
inline bool allowed(std::initializer_list<const char*> words) {
  const char* most = getenv("ONEDNN_MAX_CPU_ISA");
  if (!most || !*most) most = getenv("DNNL_MAX_CPU_ISA");
  if (!most || (strncasecmp(most, "sse", 3) != 0 && strncasecmp(most, "avx", 3) != 0)) return true;
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return strcasestr(most, w); });
}

inline bool vectors_of_bf16() {
  static const bool yes = __builtin_cpu_supports("avx512bf16") && allowed({"bf16", "fp16", "amx", "avx10"});
  return yes;
}

// Whether there are matrix units of bfloat16 (AMX), and the process may use them: Linux
// saves their registers for those that ask (ARCH_REQ_XCOMP_PERM of XTILEDATA).
inline bool probe_matrix_units() {
#if defined(GT_AMX)
  unsigned a, b, c, d;
  return vectors_of_bf16() && allowed({"amx"}) && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1u) &&
         syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

inline bool matrix_units() {
  static const bool yes = probe_matrix_units();
  return yes;
}

GT_BF16 inline __m512 load(const uint16_t* p) {
  __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

GT_BF16 inline __m256i round_down(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }

GT_BF16 inline void store(uint16_t* p, __m512 v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), round_down(v)); }

// The larger of both, NaN before any number.
GT_BF16 inline __m512 larger(__m512 a, __m512 b) {
  return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

// 2^x to 2e-7: x = n + r, a polynomial in r, n into the exponent. Below -125 it is
// 2^-125, because numbers that are denormal take a hundred times as long. NaN stays.
GT_BF16 inline __m512 exp2_of(__m512 x) {
  x = _mm512_max_ps(_mm512_set1_ps(-125), x);
  __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = x - n;
  __m512 y = r * 1.327637583e-3f + 9.675533511e-3f;
  y = y * r + 5.550713465e-2f;
  y = y * r + 2.402212024e-1f;
  y = y * r + 6.93146944e-1f;
  y = y * r + 1.000000119f;
  return _mm512_scalef_ps(y, n);
}

// 1/x to 1e-7, of finite x.
GT_BF16 inline __m512 reciprocal(__m512 x) {
  __m512 r = _mm512_rcp14_ps(x);
  return r * _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2));
}

// Where 16 numbers are that lie so far apart.
GT_BF16 inline __m512i offsets(int64_t apart) {
  return _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                            _mm512_set1_epi32(static_cast<int>(apart)));
}

// The transpose of 16×16 words: four perfect shuffles.
GT_BF16 inline void transpose16(__m512i* r) {
  const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  __m512i t[16];
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 8; i++) {
      t[2 * i] = _mm512_permutex2var_epi32(r[i], low, r[i + 8]);
      t[2 * i + 1] = _mm512_permutex2var_epi32(r[i], high, r[i + 8]);
    }
    for (int i = 0; i < 16; i++) r[i] = t[i];
  }
}

// The pairs (aᵢ, bᵢ).
GT_BF16 inline __m512i interleave(__m256i a, __m256i b) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(a), _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16));
}

GT_BF16 inline __m256i words_at(const uint16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// Row t of x [T,.], zeros beyond it.
GT_BF16 inline __m256i row_at(const uint16_t* x, int64_t stride, int64_t t, int64_t T) {
  return t < T ? words_at(x + t * stride) : _mm256_setzero_si256();
}

// P columns of x [T,.] as rows of a second operand, Tp of them: panel [Tp/2, P, 2].
GT_BF16 inline void pack_tokens(const uint16_t* x, int64_t stride, int64_t T, int64_t Tp, int64_t P, uint32_t* panel) {
  for (int64_t t = 0; t < Tp; t += 2, panel += P)
    for (int64_t k = 0; k < P; k += 16)
      _mm512_storeu_si512(panel + k, interleave(row_at(x + k, stride, t, T), row_at(x + k, stride, t + 1, T)));
}

// P columns of x [T,.] as rows of a first operand: y [P,Tp].
GT_BF16 inline void transpose_tokens(const uint16_t* x, int64_t stride, int64_t T, int64_t Tp, int64_t P, uint16_t* y) {
  for (int64_t t = 0; t < Tp; t += 32)
    for (int64_t k = 0; k < P; k += 16) {
      __m512i r[16];
      for (int i = 0; i < 16; i++)
        r[i] = interleave(row_at(x + k, stride, t + 2 * i, T), row_at(x + k, stride, t + 2 * i + 1, T));
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(y + (k + i) * Tp + t, r[i]);
    }
}

// 32-bit words x [T,.], of which P columns, transposed: Tp columns of y [P,.], zeros
// beyond T.
GT_BF16 inline void transpose_words(const uint32_t* x, int64_t stride, int64_t T, int64_t Tp, int64_t P, uint32_t* y,
                                    int64_t y_stride) {
  for (int64_t t = 0; t < Tp; t += 16)
    for (int64_t k = 0; k < P; k += 16) {
      __m512i r[16];
      for (int i = 0; i < 16; i++)
        r[i] = t + i < T ? _mm512_loadu_si512(x + (t + i) * stride + k) : _mm512_setzero_si512();
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(y + (k + i) * y_stride + t, r[i]);
    }
}

// The sums of P columns of x [T,.].
GT_BF16 inline void sum_columns(const uint16_t* x, int64_t stride, int64_t T, int64_t P, float* y) {
  for (int64_t k = 0; k < P; k += 16) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t t = 0; t < T; t++) sum += load(x + t * stride + k);
    _mm512_storeu_ps(y + k, sum);
  }
}

}  // namespace

#else

inline bool vectors_of_bf16() { return false; }
inline bool matrix_units() { return false; }

#endif
#endif
