// bfloat16 as kernels see it, and what compiles a loop for each kind of CPU.
#ifndef GOTUNE_BFLOAT16_HPP
#define GOTUNE_BFLOAT16_HPP

#include <cstdint>
#include <cstring>

#define GT_INLINE inline __attribute__((always_inline))

// At -O2 GCC leaves loops of unknown length scalar: 20 times slower here.
#if defined(__x86_64__)
#define GT_CLONES __attribute__((optimize("O3"), target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define GT_CLONES
#endif

namespace {

// bfloat16 is the upper half of a float32; rounding is to nearest, ties to even.
inline float widen(uint16_t v) {
  uint32_t u = static_cast<uint32_t>(v) << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

inline uint16_t narrow(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

}  // namespace

#endif
