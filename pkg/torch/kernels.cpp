// A kernel of our own, for the CPU: dropout, and attention with it.
//
// ATen draws dropout's mask on one core, from a Mersenne twister, which takes
// longer than the matrix products beside it. Here the mask is a hash of the element's index: any thread, and the
// backward pass, can compute any part of it, and it is stored nowhere.
#include "shim.h"

#include "guard.hpp"
#include "hash.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

namespace {

GT_CLONES void mask_f32(const float* x, float* y, int64_t n, uint32_t first, Key k, uint32_t drop, float scale) {
  for (int64_t i = 0; i < n; i++) y[i] = hash(first + static_cast<uint32_t>(i), k) < drop ? 0.0f : x[i] * scale;
}

GT_CLONES void mask_bf16(const uint16_t* x, uint16_t* y, int64_t n, uint32_t first, Key k, uint32_t drop, float scale) {
  for (int64_t i = 0; i < n; i++)
    y[i] = hash(first + static_cast<uint32_t>(i), k) < drop ? uint16_t(0) : narrow(widen(x[i]) * scale);
}

// Masks n elements whose global indices begin at first, which must not cross a
// page.
void mask(const at::Tensor& x, at::Tensor& y, int64_t begin, int64_t n, uint64_t first, Key key, double p) {
  Key k = of_page(key, first);
  float scale = static_cast<float>(1.0 / (1.0 - p));
  if (x.scalar_type() == at::kBFloat16)
    mask_bf16(static_cast<const uint16_t*>(x.data_ptr()) + begin, static_cast<uint16_t*>(y.data_ptr()) + begin, n,
              static_cast<uint32_t>(first), k, threshold(p), scale);
  else
    mask_f32(x.data_ptr<float>() + begin, y.data_ptr<float>() + begin, n, static_cast<uint32_t>(first), k, threshold(p),
             scale);
}

at::Tensor masked(const at::Tensor& in, Key key, double p) {
  at::Tensor x = in.contiguous();
  at::Tensor y = at::empty_like(x);
  constexpr int64_t grain = 1 << 16;
  int64_t n = x.numel(), blocks = at::divup(n, grain);
  at::parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
    for (int64_t b = from; b < to; b++)
      mask(x, y, b * grain, std::min(grain, n - b * grain), static_cast<uint64_t>(b * grain), key, p);
  });
  return y;
}

struct Dropout : torch::autograd::Function<Dropout> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, double p) {
    Key k = draw();
    save_key(ctx, k);
    ctx->saved_data["p"] = p;
    return masked(x, k, p);
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list g) {
    return {masked(g[0], saved_key(ctx), ctx->saved_data["p"].toDouble()), at::Tensor()};
  }
};

}  // namespace

extern "C" {

gt_error gt_dropout(gt_tensor x, double p, gt_tensor* out) {
  return guard([&] {
    const at::Tensor& t = *static_cast<at::Tensor*>(x);
    // All dropped has no scale to undo; ATen knows that case.
    *out = new at::Tensor(ours(t) && p < 1 ? Dropout::apply(t, p) : at::dropout(t, p, true));
  });
}

// Attention from its parts, for the sake of the fast dropout: ATen's fused kernel
// has none, and falls back to these parts with a slow one.
gt_error gt_attention_dropout(gt_tensor q, gt_tensor k, gt_tensor v, gt_tensor mask, double p, double scale,
                              gt_tensor* out) {
  return guard([&] {
    const at::Tensor &a = *static_cast<at::Tensor*>(q), &b = *static_cast<at::Tensor*>(k), &c = *static_cast<at::Tensor*>(v);
    TORCH_CHECK(p >= 0 && p < 1, "dropout of ", p, ", want at least 0 and less than 1");
    TORCH_CHECK(a.dim() == 4 && b.dim() == 4 && c.dim() == 4, "want q, k and v of four dimensions");
    if (scale <= 0) scale = 1 / std::sqrt(static_cast<double>(a.size(3)));
    at::Tensor scores = at::matmul(a * scale, b.transpose(2, 3));
    if (mask) {
      const at::Tensor& m = *static_cast<at::Tensor*>(mask);
      scores = m.scalar_type() == at::kBool ? scores.masked_fill(m.logical_not(), -INFINITY) : scores + m;
    }
    at::Tensor prob = at::softmax(scores, 3);
    prob = ours(prob) ? Dropout::apply(prob, p) : at::dropout(prob, p, true);
    *out = new at::Tensor(at::matmul(prob.to(c.scalar_type()), c));
  });
}

}  // extern "C"
