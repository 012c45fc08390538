// 3×3 convolutions in bfloat16 that a gradient is asked of. Without matrix units
// forward, the gradient by their input, which is a convolution too (winograd.cpp), and
// the gradient by their weights (winograd_gradient.cpp) take fewer products. With them
// the first two are oneDNN's, and the last is conv_taps.cpp's where that is faster.
#include "shim.h"

#include "convolve.hpp"
#include "guard.hpp"
#include "winograd.hpp"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

constexpr int64_t one[] = {1, 1}, zero[] = {0, 0};  // stride, padding and dilation; output padding

bool transformed(const at::Tensor& w) { return winograd_fits(w, at::kBFloat16, 1, 1); }

// Weights as oneDNN's convolutions take them both ways; undefined where they are
// transformed.
at::Tensor narrowed(const at::Tensor& w) {
  return transformed(w) ? at::Tensor() : w.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor forward_of(const at::Tensor& x, const at::Tensor& w, const at::Tensor& narrow, const at::Tensor& bias, bool relu) {
  if (!narrow.defined()) return winograd(x, winograd_weights(w), bias, {}, relu, false);
  at::Tensor y = convolve(x, narrow, bias.to(at::kBFloat16), one, one, false, {});
  return relu ? y.relu_() : y;  // oneDNN's own would make 0 of NaN
}

at::Tensor input_gradient(const at::Tensor& gy, const at::Tensor& x, const at::Tensor& w, const at::Tensor& narrow) {
  if (!narrow.defined())
    return winograd(gy, winograd_weights(w, true), at::zeros({w.size(1)}, w.options().dtype(at::kFloat)), {}, false, false);
  return std::get<0>(
      at::convolution_backward(gy, x, narrow, std::nullopt, one, one, one, false, zero, 1, {true, false, false}));
}

at::Tensor weight_gradient(const at::Tensor& gy, const at::Tensor& x, const at::Tensor& w) {
  return transformed(w) ? winograd_weight_gradient(gy, x) : taps_weight_gradient(gy, x);
}

struct Convolution : torch::autograd::Function<Convolution> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& in, const at::Tensor& w,
                            const std::optional<at::Tensor>& b, bool relu) {
    at::Tensor x = in.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor bias = b ? b->to(at::kFloat) : at::zeros({w.size(0)}, w.options().dtype(at::kFloat));
    at::Tensor narrow = narrowed(w), y = forward_of(x, w, narrow, bias, relu);
    ctx->saved_data["relu"] = relu;
    ctx->saved_data["bias"] = b.has_value();
    ctx->saved_data["type"] = in.scalar_type();
    ctx->save_for_backward({x, w, relu ? y : at::Tensor(), narrow});
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list g) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1];
    at::Tensor gy = g[0].to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast), gx, dw, db;
    if (ctx->saved_data["relu"].toBool()) gy = at::threshold_backward(gy, saved[2], 0);
    if (ctx->needs_input_grad(0)) gx = input_gradient(gy, x, w, saved[3]).to(ctx->saved_data["type"].toScalarType());
    if (ctx->needs_input_grad(1)) dw = weight_gradient(gy, x, w).to(w.scalar_type());
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)) db = channel_sums(gy).to(w.scalar_type());
    return {gx, dw, db, at::Tensor()};
  }
};

}  // namespace

// Without a result, and without an error, the parts are to be computed one by one.
extern "C" gt_error gt_conv_recorded(gt_tensor x, gt_tensor weight, gt_tensor bias, int64_t stride, int64_t padding,
                                     int relu, gt_tensor* out) {
  return guard([&] {
    *out = nullptr;
    const at::Tensor &in = *static_cast<at::Tensor*>(x), &w = *static_cast<at::Tensor*>(weight);
    bool cast = in.is_cpu() && at::GradMode::is_enabled() && at::autocast::is_autocast_enabled(at::kCPU) &&
                at::autocast::get_autocast_dtype(at::kCPU) == at::kBFloat16;
    // The gradient by the input has as many columns as there are channels in.
    bool fits = cast && in.dim() == 4 && in.numel() > 0 && in.size(1) == w.size(1) && w.size(1) % 64 == 0 && stride == 1 &&
                padding == 1 && (transformed(w) || taps_fit(in, w));
    if (!fits) return;
    std::optional<at::Tensor> b;
    if (bias) b = *static_cast<at::Tensor*>(bias);
    *out = new at::Tensor(Convolution::apply(in, w, b, relu != 0));
  });
}
