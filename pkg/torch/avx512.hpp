// bfloat16 in registers, for kernels that run only where the CPU multiplies it
// and has no matrix units.
#ifndef GOTUNE_AVX512_HPP
#define GOTUNE_AVX512_HPP

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#include <cstdint>

#define GT_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace {

// Matrix units multiply so fast that what our kernels do beside the products
// would take longer.
inline bool has_amx() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1u);
}

inline bool vectors_of_bf16() {
  static const bool yes = __builtin_cpu_supports("avx512bf16") && !has_amx();
  return yes;
}

GT_BF16 inline __m512 load(const uint16_t* p) {
  __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

GT_BF16 inline __m256i round_down(__m512 v) { return (__m256i)_mm512_cvtneps_pbh(v); }

GT_BF16 inline void store(uint16_t* p, __m512 v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), round_down(v)); }

}  // namespace

#endif
#endif
