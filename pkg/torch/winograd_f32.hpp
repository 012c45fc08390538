// 3×3 convolutions in float32 with fewer products; see winograd_f32.cpp.
#ifndef GOTUNE_WINOGRAD_F32_HPP
#define GOTUNE_WINOGRAD_F32_HPP

#include <ATen/ATen.h>

// Whether a convolution with weights [K,C,3,3] goes this way here.
bool winograd_f32_fits(const at::Tensor& w);

// The transformed weights, by position, then as products take their second operand:
// [36, K/columns, C, columns], of as many columns as two registers hold. Turned, they are
// those of the gradient by the input, which is a convolution with C outputs.
at::Tensor winograd_f32_weights(const at::Tensor& w, bool turned = false);

// x [N,C,H,W], float32 and channels last, convolved with padding 1: [N,K,H,W], or
// [N,K,H/2,W/2] where the largest of each 2×2 is wanted (H and W even). added, like
// the unpooled result or undefined, comes on top before the ReLU.
at::Tensor winograd_f32(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                        bool relu, bool pool);

// The gradient by the weights [K,C,3,3] of a convolution of x whose result's gradient
// is gy; both are channels last, and K and C are multiples of 64.
at::Tensor winograd_f32_weight_gradient(const at::Tensor& gy, const at::Tensor& x);

#endif
