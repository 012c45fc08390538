// Convolutions by oneDNN, 3×3 ones by the kernel of ours that this CPU has, and
// gradients by weights and bias.
#ifndef GOTUNE_CONVOLVE_HPP
#define GOTUNE_CONVOLVE_HPP

#include <ATen/ATen.h>

// x [N,C,H,W] convolved, in x's type, with weights [K,C,.,.] as they are or as oneDNN
// laid them out; then the sum with added (or undefined), and ReLU, in one pass.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef padding,
                    at::IntArrayRef stride, bool relu, const at::Tensor& added);

// The type that a convolution's products of x are to be in, float32 or bfloat16;
// Undefined where ATen is to do it.
at::ScalarType product_type(const at::Tensor& x);

// A 3×3 convolution by a kernel of ours: whether there is one here for weights
// [K,C,3,3], its weights, turned for the gradient by the input, and its result. In
// float32 that is winograd_f32.hpp's; in bfloat16, with matrix units, conv_tiles.hpp's,
// else winograd.hpp's. What is added is not to be pooled too.
bool conv3x3_fits(const at::Tensor& w, at::ScalarType type, int64_t stride, int64_t padding);
at::Tensor conv3x3_weights(const at::Tensor& w, at::ScalarType type, bool turned = false);
at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                   bool relu, bool pool);

// Whether taps_weight_gradient is faster than oneDNN's here, of weights [K,C,3,3].
bool taps_fit(const at::Tensor& w);

// The gradient by the weights, float32 [K,C,3,3], of a convolution of stride 1 and
// padding 1 of x, whose result's gradient is gy; both are bfloat16 and channels last,
// and K and C are multiples of 64.
at::Tensor taps_weight_gradient(const at::Tensor& gy, const at::Tensor& x);

// The gradient by the bias, float32 [K], of gy [N,K,H,W], bfloat16 and channels last.
at::Tensor channel_sums(const at::Tensor& gy);

#endif
