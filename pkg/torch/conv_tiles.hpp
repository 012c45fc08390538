// 3×3 convolutions in bfloat16 on matrix units; see conv_tiles.cpp.
#ifndef GOTUNE_CONV_TILES_HPP
#define GOTUNE_CONV_TILES_HPP

#include <ATen/ATen.h>

// Whether matrix units take weights [K,C,3,3].
bool tiles_fit(const at::Tensor& w);

// The weights as tiles take them: [K/32, C/32, 9, 2, 16, 16, 2], of 32 outputs and 32
// inputs every tap, of that twice 16 outputs, by pairs of inputs; of three channels, all
// taps of those as one. Turned, they are those of the gradient by the input, which is a
// convolution with C outputs.
at::Tensor tiles_weights(const at::Tensor& w, bool turned = false);

// x [N,C,H,W], bfloat16 and channels last, convolved with padding 1: [N,K,H,W], or
// [N,K,H/2,W/2] where the largest of each 2×2 is wanted (H and W even). bias is
// float32 [K]; added, like the result or undefined, comes on top before the ReLU, but
// not where it is pooled.
at::Tensor tiles_convolve(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                          bool relu, bool pool);

// Two convolutions with ReLU, the first of three channels and with results that are
// never all there: whether these weights, [K,3,3,3] and [L,K,3,3], which fit each, are to
// be had of pictures x [N,3,H,W], where W is 8 or more; and their result, [N,L,H,W] or,
// pooled, [N,L,H/2,W/2]. x, weights and biases are as above.
bool tiles_fit_pair(const at::Tensor& x, const at::Tensor& first, const at::Tensor& second);
at::Tensor tiles_convolve_pair(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias,
                               const at::Tensor& weights2, const at::Tensor& bias2, bool pool);

#endif
