// Convolution, norm, sum and ReLU in one pass, and max pooling without indices, for
// layers on the CPU of which no gradient is asked: frozen ones, and evaluation.
//
// ATen reorders and casts a convolution's weights at each call, and writes its
// result to memory once for the convolution, once for the norm, once for the sum
// with what went around the block and once for the ReLU. Here the weights are folded
// with the norm, cast and laid out once, for oneDNN or a kernel of ours, and the rest
// happens in registers.
#include "shim.h"

#include "avx512.hpp"
#include "bfloat16.hpp"
#include "conv_tiles.hpp"
#include "convolve.hpp"
#include "guard.hpp"
#include "slot.hpp"
#include "winograd.hpp"
#include "winograd_f32.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using Tensors = std::vector<at::Tensor>;

// Packed is a convolution's weights for one element type, as oneDNN or a kernel of ours
// wants them.
struct Packed {
  std::vector<State> of;
  at::ScalarType type;
  bool ours;
  at::Tensor weight, bias;
};

std::vector<State> states(const Tensors& ts) {
  std::vector<State> out;
  for (const at::Tensor& t : ts) out.push_back(state(t));
  return out;
}

}  // namespace

// Undefined where oneDNN has no fused convolution of it on this machine, too.
at::ScalarType product_type(const at::Tensor& x) {
  at::ScalarType none = at::ScalarType::Undefined;
#if defined(__x86_64__)
  at::ScalarType type = x.scalar_type();
  if (!x.is_cpu() || !at::hasMKLDNN() || !at::globalContext().userEnabledMkldnn()) return none;
  if (type != at::kFloat && type != at::kBFloat16) return none;
  if (!at::autocast::is_autocast_enabled(at::kCPU)) return type == at::kFloat ? type : none;
  type = at::autocast::get_autocast_dtype(at::kCPU);
  if (type == at::kFloat || (type == at::kBFloat16 && vectors_of_bf16())) return type;
#endif
  return none;
}

namespace {

at::Tensor reorder(const at::Tensor& w, at::IntArrayRef padding, at::IntArrayRef stride, at::IntArrayRef input) {
  using F = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t,
                       at::OptionalArrayRef<int64_t>);
  static const auto op =
      c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_reorder_convolution_weight", "").typed<F>();
  return op.call(w, padding, stride, {1, 1}, 1, input);
}

}  // namespace

bool conv3x3_fits(const at::Tensor& w, at::ScalarType type, int64_t stride, int64_t padding) {
  if (stride != 1 || padding != 1 || w.size(2) != 3 || w.size(3) != 3) return false;
  if (type == at::kFloat) return winograd_f32_fits(w);
  return type == at::kBFloat16 && (matrix_units() ? tiles_fit : winograd_fits)(w);
}

at::Tensor conv3x3_weights(const at::Tensor& w, at::ScalarType type, bool turned) {
  if (type == at::kFloat) return winograd_f32_weights(w, turned);
  return matrix_units() ? tiles_weights(w, turned) : winograd_weights(w, turned);
}

at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                   bool relu, bool pool) {
  auto kernel = x.scalar_type() == at::kFloat ? winograd_f32 : matrix_units() ? tiles_convolve : winograd;
  return kernel(x, weights, bias, added, relu, pool);
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef padding,
                    at::IntArrayRef stride, bool relu, const at::Tensor& added) {
  c10::List<std::optional<at::Scalar>> none;
  // Of one pixel the layout is ambiguous, and oneDNN would take it for the other.
  bool pixel = added.defined() && added.size(2) * added.size(3) == 1;
  if (pixel) {
    at::Tensor y = convolve(x, weight, bias, padding, stride, false, {}).add_(added);
    return relu ? y.relu_() : y;
  }
  if (added.defined()) {
    using F = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                         at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view,
                         std::optional<at::Scalar>, std::optional<std::string_view>,
                         c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
    static const auto op =
        c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "binary").typed<F>();
    return op.call(x, added, weight, bias, padding, stride, {1, 1}, 1, "add", std::nullopt,
                   relu ? std::optional<std::string_view>("relu") : std::nullopt, none, std::nullopt);
  }
  using F = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
                       at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view,
                       c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_convolution_pointwise", "").typed<F>();
  return op.call(x, weight, bias, padding, stride, {1, 1}, 1, relu ? "relu" : "none", none, std::nullopt);
}

namespace {

// A norm by running statistics is a scale and a shift of each channel, which the
// convolution before it takes into its weights (double: the sum of both
// roundings must stay one rounding).
std::shared_ptr<const Packed> pack(const Tensors& ts, double eps, at::ScalarType type, at::IntArrayRef padding,
                             at::IntArrayRef stride, at::IntArrayRef input) {
  at::Tensor w = ts[0], b = ts[1];
  if (ts[2].defined()) {
    at::Tensor scale = ts[2].to(at::kDouble) / at::sqrt(ts[5].to(at::kDouble) + eps);
    at::Tensor shift = b.defined() ? b.to(at::kDouble) - ts[4] : -ts[4].to(at::kDouble);
    b = ts[3].to(at::kDouble) + shift * scale;
    w = w.to(at::kDouble) * scale.reshape({-1, 1, 1, 1});
  }
  // oneDNN's ReLU makes 0 of NaN, which would hide what it was made with.
  auto finite = [&](const at::Tensor& t) { return !t.defined() || t.to(type).isfinite().all().item<bool>(); };
  TORCH_CHECK(finite(w) && finite(b), "the weights, or the norm behind them, hold NaN or infinity");
  auto p = std::make_shared<Packed>();
  p->of = states(ts);
  p->type = type;
  p->ours = conv3x3_fits(w, type, stride[0], padding[0]);
  p->weight = p->ours ? conv3x3_weights(w, type) : reorder(w.to(type).contiguous(), padding, stride, input);
  at::ScalarType added = p->ours ? at::kFloat : type;
  p->bias = b.defined() ? b.to(added) : at::zeros({w.size(0)}, at::TensorOptions().dtype(added));
  return p;
}

// The larger of y and x into y, NaN before any number, as ATen has it.
GT_CLONES void larger_f32(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) y[i] = x[i] > y[i] || x[i] != x[i] ? x[i] : y[i];
}

GT_CLONES void larger_bf16(const uint16_t* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    float a = widen(x[i]), b = widen(y[i]);
    y[i] = a > b || a != a ? x[i] : y[i];
  }
}

void larger(const float* x, float* y, int64_t n) { larger_f32(x, y, n); }
void larger(const uint16_t* x, uint16_t* y, int64_t n) { larger_bf16(x, y, n); }

// Pools [N,H,W,C] a row of outputs at a time.
template <class E>
void pool(const E* x, E* y, at::IntArrayRef in, at::IntArrayRef out, int64_t k, int64_t stride, int64_t padding) {
  int64_t C = in[1], H = in[2], W = in[3], h = out[2], w = out[3];
  at::parallel_for(0, out[0] * h, 1, [&](int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row++) {
      int64_t n = row / h, i = row % h;
      int64_t top = i * stride - padding;
      for (int64_t j = 0; j < w; j++) {
        E* cell = y + (row * w + j) * C;
        int64_t left = j * stride - padding;
        bool first = true;
        for (int64_t a = std::max<int64_t>(top, 0); a < std::min(top + k, H); a++)
          for (int64_t b = std::max<int64_t>(left, 0); b < std::min(left + k, W); b++) {
            const E* pixel = x + ((n * H + a) * W + b) * C;
            if (first)
              memcpy(cell, pixel, static_cast<size_t>(C) * sizeof(E));
            else
              larger(pixel, cell, C);
            first = false;
          }
      }
    }
  });
}

// ATen's pooling also writes where each maximum stood, 8 bytes for each 2 of the
// result, for a backward pass that is not to come here.
at::Tensor max_pool(const at::Tensor& in, int64_t k, int64_t stride, int64_t padding) {
  bool bf16 = in.scalar_type() == at::kBFloat16;
  bool plain = !in.is_cpu() || recorded(in, {}) || in.dim() != 4 || (!bf16 && in.scalar_type() != at::kFloat) ||
               !in.is_contiguous(at::MemoryFormat::ChannelsLast) || in.numel() == 0 || k < 1 || stride < 1 ||
               padding < 0 || 2 * padding > k || in.size(2) + 2 * padding < k || in.size(3) + 2 * padding < k;
  if (plain) return at::max_pool2d(in, {k, k}, {stride, stride}, {padding, padding});
  at::Tensor y = at::empty({in.size(0), in.size(1), (in.size(2) + 2 * padding - k) / stride + 1,
                            (in.size(3) + 2 * padding - k) / stride + 1},
                           in.options().memory_format(at::MemoryFormat::ChannelsLast));
  if (bf16)
    pool(static_cast<const uint16_t*>(in.data_ptr()), static_cast<uint16_t*>(y.data_ptr()), in.sizes(), y.sizes(), k,
         stride, padding);
  else
    pool(in.data_ptr<float>(), y.data_ptr<float>(), in.sizes(), y.sizes(), k, stride, padding);
  return y;
}

const at::Tensor& T(gt_tensor t) { return *static_cast<at::Tensor*>(t); }

// Weight, bias, and the norm's weight, bias, mean, variance and count of batches.
Tensors tensors(gt_tensor* ts) {
  Tensors out;
  for (int i = 0; i < 7; i++) out.push_back(ts[i] ? T(ts[i]) : at::Tensor());
  return out;
}

// Whether one of them is not in the CPU's memory, which kernels read.
bool elsewhere(const Tensors& ts) {
  for (const at::Tensor& t : ts)
    if (t.defined() && !t.is_cpu()) return true;
  return false;
}

// What the slot keeps of them, packed anew where they have changed.
std::shared_ptr<const Packed> packed(Slot* kept, const Tensors& ts, double eps, at::ScalarType type, at::IntArrayRef padding,
                                     at::IntArrayRef stride, at::IntArrayRef input) {
  auto p = kept->get<Packed>();
  if (p && p->type == type && p->of == states(ts)) return p;
  p = pack(ts, eps, type, padding, stride, input);
  kept->set(p);
  return p;
}

}  // namespace

extern "C" {

gt_error gt_state(gt_tensor t, uint64_t* data, int64_t* writes) {
  return guard([&] {
    *data = reinterpret_cast<uint64_t>(T(t).data_ptr());
    *writes = T(t)._version();
  });
}

// Convolution, norm (or none), the sum with added (or none), ReLU (or none) and the
// largest of each 2×2 (or none). ts are weight, bias, and the norm's weight, bias,
// mean, variance and count of batches; NULL where there is none. Without a result,
// and without an error, the parts are to be computed one by one: then what the slot
// held is freed.
gt_error gt_conv_fused(void* slot, gt_tensor x, gt_tensor* ts, double eps, int norm_trains, int64_t stride,
                       int64_t padding, gt_tensor added, int relu, int pool, gt_tensor* out) {
  return guard([&] {
    *out = nullptr;
    Slot* kept = static_cast<Slot*>(slot);
    const at::Tensor& in = T(x);
    Tensors all = tensors(ts);
    const at::Tensor& w = all[0];
    at::Tensor around = added ? T(added) : at::Tensor();
    at::ScalarType type = product_type(in);
    bool misfit = elsewhere(all) || (added && !around.is_cpu()) || in.dim() != 4 || in.numel() == 0 || in.size(1) != w.size(1) ||
                  in.size(2) + 2 * padding < w.size(2) || in.size(3) + 2 * padding < w.size(3);  // ATen says what is wrong
    if (!misfit && added) {
      auto size = [&](int i) { return (in.size(i) + 2 * padding - w.size(i)) / stride + 1; };
      misfit = around.sizes() != at::IntArrayRef({in.size(0), w.size(0), size(2), size(3)});
    }
    if (misfit || type == at::ScalarType::Undefined || norm_trains || recorded(in, all) || (added && recorded(around, {}))) {
      kept->set(nullptr);
      return;
    }
    at::NoGradGuard no_grad;
    at::Tensor input = in.to(type).contiguous(at::MemoryFormat::ChannelsLast);
    if (added) around = around.to(type).contiguous(at::MemoryFormat::ChannelsLast);
    int64_t pads[] = {padding, padding}, strides[] = {stride, stride};
    auto p = packed(kept, all, eps, type, pads, strides, input.sizes());
    bool within = pool && p->ours && !added && in.size(2) % 2 == 0 && in.size(3) % 2 == 0;
    at::Tensor y = p->ours ? conv3x3(input, p->weight, p->bias, around, relu, within)
                           : convolve(input, p->weight, p->bias, pads, strides, relu, around);
    if (pool && !within) y = max_pool(y, 2, 2, 0);
    *out = new at::Tensor(y);
  });
}

// Two convolutions of stride 1 and padding 1, each with its norm (or none) and ReLU,
// and, behind the second, the largest of each 2×2 (or none); ts as above. Without a
// result, and without an error, they are to be computed one by one.
gt_error gt_conv_pair(void* slot, void* slot2, gt_tensor x, gt_tensor* ts, gt_tensor* ts2, double eps, double eps2,
                      int norm_trains, int pool, gt_tensor* out) {
  return guard([&] {
    *out = nullptr;
    const at::Tensor& in = T(x);
    Tensors first = tensors(ts), second = tensors(ts2);
    constexpr int64_t one[] = {1, 1};
    at::ScalarType type = product_type(in);
    bool fits = matrix_units() && !elsewhere(first) && !elsewhere(second) && in.dim() == 4 && in.numel() > 0 && in.size(1) == first[0].size(1) &&
                conv3x3_fits(first[0], type, 1, 1) && conv3x3_fits(second[0], type, 1, 1) &&
                tiles_fit_pair(in, first[0], second[0]) && (!pool || (in.size(2) % 2 == 0 && in.size(3) % 2 == 0));
    if (!fits || norm_trains || recorded(in, first) || recorded(in, second)) return;
    at::NoGradGuard no_grad;
    at::Tensor input = in.to(type).contiguous(at::MemoryFormat::ChannelsLast);
    auto p = packed(static_cast<Slot*>(slot), first, eps, type, one, one, input.sizes());
    auto q = packed(static_cast<Slot*>(slot2), second, eps2, type, one, one, input.sizes());
    *out = new at::Tensor(tiles_convolve_pair(input, p->weight, p->bias, q->weight, q->bias, pool));
  });
}

gt_error gt_max_pool2d(gt_tensor x, int64_t k, int64_t stride, int64_t padding, gt_tensor* out) {
  return guard([&] { *out = new at::Tensor(max_pool(T(x), k, stride, padding)); });
}

}  // extern "C"
