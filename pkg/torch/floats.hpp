// float32 in registers of the CPU's own width: kernels are templates, compiled once for
// each width.
#ifndef GOTUNE_FLOATS_HPP
#define GOTUNE_FLOATS_HPP

#include "avx512.hpp"
#include "bfloat16.hpp"

#include <cstdint>
#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"

namespace {

typedef float F4 __attribute__((vector_size(16)));
typedef float F8 __attribute__((vector_size(32)));
typedef float F16 __attribute__((vector_size(64)));

template <class V>
GT_INLINE V load(const float* p) {
  V v;
  memcpy(&v, p, sizeof v);
  return v;
}

template <class V>
GT_INLINE void store(float* p, const V& v) {
  memcpy(p, &v, sizeof v);
}

}  // namespace

#if defined(__x86_64__)

#define GT_AVX2 __attribute__((target("avx2,fma")))
#define GT_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))

namespace {

// Whether the CPU has these registers, and ONEDNN_MAX_CPU_ISA allows them.
inline bool vectors_of_8() {
  static const bool yes =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && allowed({"avx2", "avx512", "avx10"});
  return yes;
}
inline bool vectors_of_16() {
  static const bool yes = vectors_of_8() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                          allowed({"avx512", "avx10"});
  return yes;
}

}  // namespace
#endif
#endif
