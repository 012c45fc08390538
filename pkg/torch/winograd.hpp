// 3×3 convolutions in bfloat16 with fewer products; see winograd.cpp.
#ifndef GOTUNE_WINOGRAD_HPP
#define GOTUNE_WINOGRAD_HPP

#include <ATen/ATen.h>

// Whether a convolution with weights [K,C,3,3] goes faster this way here, in the
// type that its products are in.
bool winograd_fits(const at::Tensor& w, at::ScalarType type, int64_t stride, int64_t padding);

// The transformed weights, which only winograd reads.
at::Tensor winograd_weights(const at::Tensor& w);

// x [N,C,H,W], bfloat16 and channels last, convolved with padding 1: [N,K,H,W], or
// [N,K,H/2,W/2] where the largest of each 2×2 is wanted (H and W even). bias is
// float32 [K].
at::Tensor winograd(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, bool relu, bool pool);

#endif
