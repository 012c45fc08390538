// 3×3 convolutions that a gradient is asked of: forward, and the gradient by their input,
// which is a convolution too, by the kernel of ours that the CPU has, and the gradient by
// their weights by winograd_f32.cpp, or in bfloat16 by winograd_gradient.cpp or, with
// matrix units, by conv_taps.cpp where that is faster than oneDNN's.
#include "shim.h"

#include "avx512.hpp"
#include "convolve.hpp"
#include "guard.hpp"
#include "winograd.hpp"
#include "winograd_f32.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace {

constexpr int64_t one[] = {1, 1}, zero[] = {0, 0};  // stride, padding and dilation; output padding

at::Tensor forward_of(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, bool relu) {
  return conv3x3(x, conv3x3_weights(w, x.scalar_type()), bias, {}, relu, false);
}

at::Tensor input_gradient(const at::Tensor& gy, const at::Tensor& w) {
  at::Tensor none = at::zeros({w.size(1)}, w.options().dtype(at::kFloat));
  return conv3x3(gy, conv3x3_weights(w, gy.scalar_type(), true), none, {}, false, false);
}

at::Tensor weight_gradient(const at::Tensor& gy, const at::Tensor& x, const at::Tensor& w) {
  if (x.scalar_type() == at::kFloat) return winograd_f32_weight_gradient(gy, x);
  if (!matrix_units()) return winograd_weight_gradient(gy, x);
  if (taps_fit(w)) return taps_weight_gradient(gy, x);
  at::Tensor shape = at::empty(w.sizes(), gy.options().memory_format(at::MemoryFormat::ChannelsLast));
  return std::get<1>(
      at::convolution_backward(gy, x, shape, std::nullopt, one, one, one, false, zero, 1, {false, true, false}));
}

at::Tensor bias_gradient(const at::Tensor& gy) {
  return gy.scalar_type() == at::kFloat ? gy.sum({0, 2, 3}) : channel_sums(gy);
}

struct Convolution : torch::autograd::Function<Convolution> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& in, const at::Tensor& w,
                            const std::optional<at::Tensor>& b, bool relu, at::ScalarType type) {
    at::Tensor x = in.to(type).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor bias = b ? b->to(at::kFloat) : at::zeros({w.size(0)}, w.options().dtype(at::kFloat));
    at::Tensor y = forward_of(x, w, bias, relu);
    ctx->saved_data["relu"] = relu;
    ctx->saved_data["bias"] = b.has_value();
    ctx->saved_data["type"] = in.scalar_type();
    ctx->save_for_backward({x, w, relu ? y : at::Tensor()});
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list g) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1];
    at::Tensor gy = g[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast), gx, dw, db;
    if (ctx->saved_data["relu"].toBool()) gy = at::threshold_backward(gy, saved[2], 0);
    if (ctx->needs_input_grad(0)) gx = input_gradient(gy, w).to(ctx->saved_data["type"].toScalarType());
    if (ctx->needs_input_grad(1)) dw = weight_gradient(gy, x, w).to(w.scalar_type());
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)) db = bias_gradient(gy).to(w.scalar_type());
    return {gx, dw, db, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// Without a result, and without an error, the parts are to be computed one by one.
extern "C" gt_error gt_conv_recorded(gt_tensor x, gt_tensor weight, gt_tensor bias, int64_t stride, int64_t padding,
                                     int relu, gt_tensor* out) {
  return guard([&] {
    *out = nullptr;
    const at::Tensor &in = *static_cast<at::Tensor*>(x), &w = *static_cast<at::Tensor*>(weight);
    at::ScalarType type = product_type(in);
    // The gradient by the input has as many columns as there are channels in.
    bool fits = at::GradMode::is_enabled() && w.is_cpu() && w.scalar_type() == at::kFloat && in.dim() == 4 && in.numel() > 0 &&
                in.size(1) == w.size(1) && w.size(1) % 64 == 0 && conv3x3_fits(w, type, stride, padding);
    std::optional<at::Tensor> b;
    if (bias) b = *static_cast<at::Tensor*>(bias);
    if (!fits || (b && !b->is_cpu())) return;
    *out = new at::Tensor(Convolution::apply(in, w, b, relu != 0, type));
  });
}
