// A kernel of our own, for the CPU: dropout, and attention with it.
//
// ATen draws dropout's mask on one core, from a Mersenne twister, which takes
// longer than the matrix products beside it. Here the mask is a hash of the element's index: any thread, and the
// backward pass, can compute any part of it, and it is stored nowhere.
#include "shim.h"

#include "guard.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>

// At -O2 GCC leaves loops of unknown length scalar: 20 times slower here.
#if defined(__x86_64__)
#define GT_CLONES __attribute__((optimize("O3"), target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define GT_CLONES
#endif

namespace {

// A mask's key: two 32-bit words drawn from the default generator, so that the
// generator's state decides all masks to come.
struct Key {
  uint32_t a, b;
};

Key draw() {
  auto gen = at::globalContext().defaultGenerator(at::kCPU);
  auto* cpu = at::check_generator<at::CPUGeneratorImpl>(gen);
  std::lock_guard<std::mutex> lock(gen.mutex());
  return {cpu->random(), cpu->random()};
}

// MurmurHash3's finaliser, twice, with a key word before each: every bit of the
// index reaches every bit of the result.
inline uint32_t mix(uint32_t h) {
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h;
}

inline uint32_t hash(uint32_t i, Key k) { return mix(mix(i ^ k.a) + k.b); }

// Elements whose hash is below the threshold are dropped.
uint32_t threshold(double p) { return static_cast<uint32_t>(std::min(p * 4294967296.0, 4294967295.0)); }

// Indices above 2^32 get another key: one key masks 2^32 elements.
Key of_page(Key k, uint64_t i) {
  uint32_t page = static_cast<uint32_t>(i >> 32);
  return page ? Key{mix(k.a + page), mix(k.b ^ page)} : k;
}

GT_CLONES void mask_f32(const float* x, float* y, int64_t n, uint32_t first, Key k, uint32_t drop, float scale) {
  for (int64_t i = 0; i < n; i++) y[i] = hash(first + static_cast<uint32_t>(i), k) < drop ? 0.0f : x[i] * scale;
}

// bfloat16 is the upper half of a float32; rounding is to nearest, ties to even.
inline float widen(uint16_t v) {
  uint32_t u = static_cast<uint32_t>(v) << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

inline uint16_t narrow(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
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
  int64_t n = x.numel(), blocks = (n + grain - 1) / grain;
  at::parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
    for (int64_t b = from; b < to; b++)
      mask(x, y, b * grain, std::min(grain, n - b * grain), static_cast<uint64_t>(b * grain), key, p);
  });
  return y;
}

Key saved_key(torch::autograd::AutogradContext* ctx) {
  auto v = static_cast<uint64_t>(ctx->saved_data["key"].toInt());
  return {static_cast<uint32_t>(v), static_cast<uint32_t>(v >> 32)};
}

void save_key(torch::autograd::AutogradContext* ctx, Key k) {
  ctx->saved_data["key"] = static_cast<int64_t>(k.a | static_cast<uint64_t>(k.b) << 32);
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

bool ours(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

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
