// 3×3 convolutions in bfloat16 with fewer products; see winograd.cpp.
#ifndef GOTUNE_WINOGRAD_HPP
#define GOTUNE_WINOGRAD_HPP

#include <ATen/ATen.h>

// Whether a convolution with weights [K,C,3,3] goes this way here, where there are no
// matrix units: those multiply so fast that the transforms would take longer.
bool winograd_fits(const at::Tensor& w);

// Of K outputs, those in one product.
inline int64_t winograd_columns(int64_t K) { return K % 128 == 0 ? 128 : 64; }

// The transformed weights, by position, then as products take their second operand:
// [16, K/columns, C/2, columns, 2]. Turned, they are those of the gradient by the
// input, which is a convolution with C outputs.
at::Tensor winograd_weights(const at::Tensor& w, bool turned = false);

// x [N,C,H,W], bfloat16 and channels last, convolved with padding 1: [N,K,H,W], or
// [N,K,H/2,W/2] where the largest of each 2×2 is wanted (H and W even). bias is
// float32 [K]; added, like the unpooled result or undefined, comes on top before
// the ReLU.
at::Tensor winograd(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                    bool relu, bool pool);

// The gradient by the weights, float32 [K,C,3,3], of a convolution of x whose
// result's gradient is gy; both are bfloat16 and channels last, and K and C are
// multiples of 64.
at::Tensor winograd_weight_gradient(const at::Tensor& gy, const at::Tensor& x);

#endif
