// Products of small blocks by oneDNN's micro-kernels.
#ifndef GOTUNE_PRODUCTS_HPP
#define GOTUNE_PRODUCTS_HPP

#include "avx512.hpp"
#include "share.hpp"

#include <ATen/native/CPUBlas.h>

namespace {

using bf16 = at::BFloat16;

inline int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// C [M,N] = A [M,K] · B [K,N], or that added to C; lda is from a row of A to the next.
// A bfloat16 B has its rows interleaved by twos.
inline void product(int64_t M, int64_t N, int64_t K, const float* A, int64_t lda, const float* B, float* C, bool add) {
  at::native::cpublas::brgemm(M, N, K, lda, N, N, add, A, B, C, false);
}
inline void product(int64_t M, int64_t N, int64_t K, const bf16* A, int64_t lda, const bf16* B, float* C, bool add) {
  at::native::cpublas::brgemm(M, N, K, lda, N, N, add, A, B, C, true);
}

// Whether products of bfloat16 are in the CPU, and oneDNN's agree with that
// layout. Elsewhere the products are those of float32.
inline bool probe_bf16() {
#if defined(__x86_64__)
  if (!vectors_of_bf16()) return false;
  try {
    bf16 a[32 * 32], b[32 * 32];
    float c[32 * 32];
    for (int i = 0; i < 32 * 32; i++) a[i] = static_cast<float>(i % 7), b[i] = static_cast<float>(i % 5);
    product(32, 32, 32, a, 32, b, c, false);
    at::native::cpublas::brgemm_release(true);
    for (int i = 0; i < 32; i++)
      for (int j = 0; j < 32; j++) {
        float want = 0;
        for (int k = 0; k < 32; k++) want += float(a[i * 32 + k]) * float(b[k / 2 * 64 + j * 2 + k % 2]);
        if (c[i * 32 + j] != want) return false;
      }
    return true;
  } catch (const std::exception&) {
    return false;
  }
#else
  return false;
#endif
}

inline bool bf16_products() {
  static const bool yes = probe_bf16();
  return yes;
}

// Runs task(i, buffers) for all i below n, each of which multiplies blocks; whoever
// is free takes the next. make() gives a thread its buffers.
template <class Make, class F>
void each(int64_t n, Make&& make, F&& task) {
  share(n, [&](std::atomic<int64_t>& next) {
    auto buffers = make();
    for (int64_t i; (i = next++) < n;) task(i, buffers);
    at::native::cpublas::brgemm_release(true);
  });
}

}  // namespace

#endif
