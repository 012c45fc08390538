// Linear maps in bfloat16, forward and backward, for CPUs that multiply it: several
// maps of one input as one, with GELU or ReLU after it.
//
// ATen's products reach four fifths of what AVX-512 can do, and less of what matrix
// units can. Here a task is a block of 64 rows, whose products come out of the core's
// own cache as float32 and are rounded once, with bias and activation added on the way.
// Weights are laid out for that at each step, and kept where no gradient is asked.
// Gradients of weights are summed in float32 and never rounded. Which task computes
// what does not depend on the number of threads.
#include "shim.h"

#include "attention_rows.hpp"
#include "avx512.hpp"
#include "guard.hpp"
#include "products.hpp"
#include "slot.hpp"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t block = 64, chunk = 512;  // rows of a task; tokens of one product of a weight's gradient

enum Activation { none, relu, gelu, gelu_tanh };

uint16_t* words(const at::Tensor& t) { return static_cast<uint16_t*>(t.data_ptr()); }
bf16* numbers(const at::Tensor& t) { return static_cast<bf16*>(t.data_ptr()); }

at::Tensor empty(int64_t rows, int64_t columns, at::ScalarType type) {
  return at::empty({rows, columns}, at::TensorOptions().dtype(type));
}

// Rows of w [.,K] from n as columns of a second operand: panel [K/2, P, 2].
GT_BF16 void pack_rows(const float* w, int64_t K, int64_t P, uint32_t* panel) {
  for (int64_t n = 0; n < P; n += 16)
    for (int64_t k = 0; k < K; k += 32) {
      __m512i r[16];
      for (int i = 0; i < 16; i++) {
        const float* from = w + (n + i) * K + k;
        r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(round_down(_mm512_loadu_ps(from))),
                                  round_down(_mm512_loadu_ps(from + 16)), 1);
      }
      transpose16(r);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(panel + (k / 2 + i) * P + n, r[i]);
    }
}

// N rows of w, of which P columns, as rows of a second operand: panel [N/2, P, 2].
GT_BF16 void pack_columns(const float* w, int64_t stride, int64_t N, int64_t P, uint32_t* panel) {
  for (int64_t n = 0; n < N; n += 2, panel += P)
    for (int64_t k = 0; k < P; k += 16)
      _mm512_storeu_si512(panel + k, interleave(round_down(_mm512_loadu_ps(w + n * stride + k)),
                                                round_down(_mm512_loadu_ps(w + (n + 1) * stride + k))));
}

// Φ(u), the normal distribution's, and e^(-u²/2). Its error is below 2e-7 (Abramowitz
// & Stegun 1964, 7.1.26).
GT_BF16 GT_INLINE F16 normal_cdf(const F16& u, F16* e) {
  F16 x = (F16)_mm512_abs_ps((__m512)u);
  F16 t = (F16)reciprocal((__m512)(1.0f + 0.23164190f * x));
  *e = (F16)exp2_of((__m512)(u * u * -0.72134752f));
  F16 tail = 0.5f * *e * t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  return u < 0.0f ? tail : 1.0f - tail;
}

GT_BF16 GT_INLINE F16 tanh_of(const F16& z) {
  F16 e = (F16)exp2_of((__m512)((z < 0.0f ? z : -z) * 2.88539008f));
  F16 t = (1.0f - e) * (F16)reciprocal((__m512)(1.0f + e));
  return z < 0.0f ? -t : t;
}

template <int A>
GT_BF16 GT_INLINE F16 activated(const F16& u) {
  if (A == relu) return u < 0.0f ? F16{} : u;
  if (A == gelu) {
    F16 e;
    return u * normal_cdf(u, &e);
  }
  if (A == gelu_tanh) return 0.5f * u * (1.0f + tanh_of(0.79788456f * (u + 0.044715f * u * u * u)));
  return u;
}

template <int A>
GT_BF16 GT_INLINE F16 slope(const F16& u) {
  if (A == relu) return u > 0.0f ? F16{} + 1.0f : F16{};
  if (A == gelu) {
    F16 e, p = normal_cdf(u, &e);
    return p + u * e * 0.39894228f;
  }
  F16 t = tanh_of(0.79788456f * (u + 0.044715f * u * u * u));
  return 0.5f * (1.0f + t) + 0.5f * u * (1.0f - t * t) * 0.79788456f * (1.0f + 0.134145f * u * u);
}

// n rows of P products and their biases: u, rounded, and y, u's activation, where
// there is one. u may be null where y is all that is wanted.
template <int A>
GT_BF16 void finish(const float* c, const float* bias, int64_t n, int64_t P, uint16_t* u, uint16_t* y, int64_t stride) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < P; k += 16) {
      __m512 v = _mm512_loadu_ps(c + i * P + k) + _mm512_loadu_ps(bias + k);
      __m256i rounded = round_down(v);
      if (u) _mm256_storeu_si256(reinterpret_cast<__m256i*>(u + i * stride + k), rounded);
      if (A == none) continue;
      __m512 back = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
      store(y + i * stride + k, (__m512)activated<A>((F16)back));
    }
}

template <int A>
GT_BF16 void chain(const uint16_t* gy, const uint16_t* u, uint16_t* gu, int64_t n) {
  for (int64_t i = 0; i < n; i += 16)
    store(gu + i, (__m512)((F16)load(gy + i) * slope<A>((F16)load(u + i))));
}

GT_BF16 void round_rows(const float* c, int64_t n, int64_t P, uint16_t* y, int64_t stride) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < P; k += 16) store(y + i * stride + k, _mm512_loadu_ps(c + i * P + k));
}

void copy_rows(const float* c, int64_t n, int64_t P, float* y, int64_t stride) {
  for (int64_t i = 0; i < n; i++) memcpy(y + i * stride, c + i * P, P * sizeof(float));
}

// Calls write(row, rows, panel, products) for all blocks of A [T,K] by B, panels of
// [K/2, P, 2]. T is 64 or more: the last block begins where it ends with A, and
// leaves out the rows that are another's.
template <class Write>
void multiply(const bf16* A, int64_t T, int64_t K, const bf16* B, int64_t panels, int64_t P, Write&& write) {
  int64_t blocks = at::divup(T, block);
  // So many tasks that the threads end at about the same time.
  int64_t groups = std::clamp<int64_t>(8 * at::get_num_threads() / blocks, 1, panels);
  each(
      blocks * groups, [&] { return std::vector<float>(block * P); },
      [&](int64_t task, std::vector<float>& c) {
        int64_t i = task / groups * block, g = task % groups, row = std::min(i, T - block);
        for (int64_t p = panels * g / groups; p < panels * (g + 1) / groups; p++) {
          product(block, P, K, A + row * K, K, B + p * K * P, c.data(), false);
          write(i, block - (i - row), p, c.data() + (i - row) * P);
        }
      });
}

// Maps are the linear maps of one input, side by side.
struct Maps {
  std::vector<at::Tensor> w, b;
  std::vector<int64_t> starts;  // first output of each, and the end
  int64_t K, P;                 // inputs; width of a panel, which no map's end is within

  Maps(at::TensorList ws, at::TensorList bs) : w(ws.vec()), b(bs.vec()), K(ws[0].size(1)), P(K % 64 ? 32 : 64) {
    starts.push_back(0);
    for (const at::Tensor& t : w) {
      starts.push_back(starts.back() + t.size(0));
      if (t.size(0) % 64) P = 32;
    }
  }
  int64_t outputs() const { return starts.back(); }
  size_t of(int64_t n) const {
    size_t i = 0;
    while (n >= starts[i + 1]) i++;
    return i;
  }
  const float* bias(int64_t n) const {
    size_t i = of(n);
    return b[i].const_data_ptr<float>() + n - starts[i];
  }
};

// A map's weights for x·wᵀ: [N/P, K/2, P, 2].
at::Tensor pack_forward(const at::Tensor& w, int64_t P) {
  int64_t N = w.size(0), K = w.size(1);
  at::Tensor out = empty(N, K, at::kBFloat16);
  at::parallel_for(0, N / P, 1, [&](int64_t from, int64_t to) {
    for (int64_t p = from; p < to; p++)
      pack_rows(w.const_data_ptr<float>() + p * P * K, K, P, reinterpret_cast<uint32_t*>(words(out) + p * P * K));
  });
  return out;
}

// All maps' weights for gy·w: [K/P, N/2, P, 2].
at::Tensor pack_backward(const Maps& m) {
  int64_t N = m.outputs();
  at::Tensor out = empty(N, m.K, at::kBFloat16);
  at::parallel_for(0, m.K / m.P, 1, [&](int64_t from, int64_t to) {
    for (int64_t p = from; p < to; p++)
      for (size_t i = 0; i < m.w.size(); i++)
        pack_columns(m.w[i].const_data_ptr<float>() + p * m.P, m.K, m.w[i].size(0), m.P,
                     reinterpret_cast<uint32_t*>(words(out) + (p * N + m.starts[i]) * m.P));
  });
  return out;
}

struct Kept {
  State of;
  int64_t P;
  at::Tensor panels;
};

std::shared_ptr<const Kept> kept(Slot* slot, const at::Tensor& w, int64_t P) {
  auto p = slot->get<Kept>();
  if (p && p->of == state(w) && p->P == P) return p;
  p = std::make_shared<Kept>(Kept{state(w), P, pack_forward(w, P)});
  slot->set(p);
  return p;
}

// in [...,K] as rows of bfloat16.
at::Tensor rows_of(const Maps& m, const at::Tensor& in) { return in.to(at::kBFloat16).contiguous().reshape({-1, m.K}); }

// y [T,N] in the shape of in [...,K]: [...,N].
at::Tensor shaped(const at::Tensor& y, const at::Tensor& in) {
  std::vector<int64_t> shape = in.sizes().vec();
  shape.back() = y.size(1);
  return y.reshape(shape);
}

// y [T,N] of x [T,K]; u what y is the activation of, where it is to be kept.
template <int A>
void forward_all(const Maps& m, const at::Tensor& x, const std::vector<at::Tensor>& panels, at::Tensor* u, at::Tensor& y) {
  int64_t N = m.outputs();
  uint16_t* before = A == none ? words(y) : u ? words(*u) : nullptr;
  for (size_t i = 0; i < m.w.size(); i++)
    multiply(numbers(x), x.size(0), m.K, numbers(panels[i]), m.w[i].size(0) / m.P, m.P,
             [&](int64_t row, int64_t n, int64_t p, const float* c) {
               int64_t column = m.starts[i] + p * m.P, at = row * N + column;
               finish<A>(c, m.bias(column), n, m.P, before ? before + at : nullptr, words(y) + at, N);
             });
}

void forward_all(const Maps& m, int activation, const at::Tensor& x, const std::vector<at::Tensor>& panels, at::Tensor* u,
                 at::Tensor& y) {
  switch (activation) {
    case relu: return forward_all<relu>(m, x, panels, u, y);
    case gelu: return forward_all<gelu>(m, x, panels, u, y);
    case gelu_tanh: return forward_all<gelu_tanh>(m, x, panels, u, y);
    default: return forward_all<none>(m, x, panels, u, y);
  }
}

// The gradient of u, of which gy is the activation's.
at::Tensor chain(int activation, const at::Tensor& gy, const at::Tensor& u) {
  if (activation == none) return gy;
  at::Tensor gu = at::empty_like(gy);
  auto rule = activation == relu ? chain<relu> : activation == gelu ? chain<gelu> : chain<gelu_tanh>;
  int64_t N = gy.size(1);
  at::parallel_for(0, gy.size(0), 16, [&](int64_t from, int64_t to) {
    rule(words(gy) + from * N, words(u) + from * N, words(gu) + from * N, (to - from) * N);
  });
  return gu;
}

at::Tensor input_gradient(const Maps& m, const at::Tensor& gu, at::ScalarType type) {
  at::Tensor panels = pack_backward(m), gx = empty(gu.size(0), m.K, type);
  multiply(numbers(gu), gu.size(0), m.outputs(), numbers(panels), m.K / m.P, m.P,
           [&](int64_t row, int64_t n, int64_t p, const float* c) {
             int64_t at = row * m.K + p * m.P;
             if (type == at::kFloat)
               copy_rows(c, n, m.P, gx.data_ptr<float>() + at, m.K);
             else
               round_rows(c, n, m.P, words(gx) + at, m.K);
           });
  return gx;
}

// Gradients of the weights: guᵀ·x, or the transpose of xᵀ·gu, whichever has less to
// transpose. A task is P rows and P columns of the result, summed over the tokens.
std::vector<at::Tensor> weight_gradients(const Maps& m, const at::Tensor& x, const at::Tensor& gu) {
  int64_t T = x.size(0), Tp = round_up(T, block), K = m.K, N = m.outputs(), P = m.P;
  bool turned = K < N;
  const at::Tensor &few = turned ? x : gu, &many = turned ? gu : x;
  int64_t F = few.size(1), M = many.size(1);
  at::Tensor a = empty(F, Tp, at::kBFloat16), b = empty(M, Tp, at::kBFloat16);
  at::parallel_for(0, (F + M) / P, 1, [&](int64_t from, int64_t to) {
    for (int64_t p = from; p < to; p++) {
      if (int64_t c = p * P; c < F)
        transpose_tokens(words(few) + c, F, T, Tp, P, words(a) + c * Tp);
      else
        pack_tokens(words(many) + c - F, M, T, Tp, P, reinterpret_cast<uint32_t*>(words(b) + (c - F) * Tp));
    }
  });
  std::vector<at::Tensor> out;
  for (const at::Tensor& w : m.w) out.push_back(at::empty_like(w));
  each(
      F / P * (M / P), [&] { return std::vector<float>(P * P); },
      [&](int64_t task, std::vector<float>& c) {
        int64_t i = task % (F / P) * P, j = task / (F / P) * P;
        for (int64_t t = 0; t < Tp; t += chunk)
          product(P, P, std::min(chunk, Tp - t), numbers(a) + i * Tp + t, Tp, numbers(b) + j * Tp + t * P, c.data(), t > 0);
        int64_t n = turned ? j : i, k = turned ? i : j;
        size_t part = m.of(n);
        float* to = out[part].data_ptr<float>() + (n - m.starts[part]) * K + k;
        if (turned)
          transpose_words(reinterpret_cast<const uint32_t*>(c.data()), P, P, P, P, reinterpret_cast<uint32_t*>(to), K);
        else
          copy_rows(c.data(), P, P, to, K);
      });
  return out;
}

std::vector<at::Tensor> bias_gradients(const Maps& m, const at::Tensor& gu) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& b : m.b) out.push_back(at::empty_like(b));
  int64_t N = m.outputs();
  at::parallel_for(0, N / m.P, 1, [&](int64_t from, int64_t to) {
    for (int64_t n = from * m.P; n < to * m.P; n += m.P) {
      size_t i = m.of(n);
      sum_columns(words(gu) + n, N, gu.size(0), m.P, out[i].data_ptr<float>() + n - m.starts[i]);
    }
  });
  return out;
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& in, at::TensorList ws, at::TensorList bs,
                            int activation) {
    Maps m(ws, bs);
    at::Tensor x = rows_of(m, in), u;
    at::Tensor y = empty(x.size(0), m.outputs(), at::kBFloat16);
    if (activation != none) u = at::empty_like(y);
    std::vector<at::Tensor> panels;
    for (const at::Tensor& w : ws) panels.push_back(pack_forward(w, m.P));
    forward_all(m, activation, x, panels, activation == none ? nullptr : &u, y);
    torch::autograd::variable_list saved{x, u};
    saved.insert(saved.end(), ws.begin(), ws.end());
    saved.insert(saved.end(), bs.begin(), bs.end());
    ctx->save_for_backward(saved);
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["type"] = in.scalar_type();
    ctx->saved_data["shape"] = in.sizes().vec();
    return shaped(y, in);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list g) {
    auto saved = ctx->get_saved_variables();
    size_t n = (saved.size() - 2) / 2;
    Maps m(at::TensorList(saved).slice(2, n), at::TensorList(saved).slice(2 + n, n));
    const at::Tensor& x = saved[0];
    at::Tensor gy = g[0].to(at::kBFloat16).contiguous().reshape({-1, m.outputs()});
    at::Tensor gu = chain(static_cast<int>(ctx->saved_data["activation"].toInt()), gy, saved[1]);
    torch::autograd::variable_list out(1 + 2 * n + 1);
    if (ctx->needs_input_grad(0))
      out[0] = input_gradient(m, gu, ctx->saved_data["type"].toScalarType()).reshape(ctx->saved_data["shape"].toIntVector());
    auto wanted = [&](size_t from) {
      for (size_t i = from; i < from + n; i++)
        if (ctx->needs_input_grad(i)) return true;
      return false;
    };
    auto give = [&](size_t from, std::vector<at::Tensor> gs) {
      for (size_t i = 0; i < n; i++)
        if (ctx->needs_input_grad(from + i)) out[from + i] = gs[i];
    };
    if (wanted(1)) give(1, weight_gradients(m, x, gu));
    if (wanted(1 + n)) give(1 + n, bias_gradients(m, gu));
    return out;
  }
};

bool fits(const at::Tensor& x, at::TensorList ws, at::TensorList bs) {
  if (!bf16_products() || !x.is_cpu() || x.dim() < 2) return false;
  if (!at::autocast::is_autocast_enabled(at::kCPU) || at::autocast::get_autocast_dtype(at::kCPU) != at::kBFloat16) return false;
  if (x.scalar_type() != at::kFloat && x.scalar_type() != at::kBFloat16) return false;
  int64_t K = x.size(-1);
  if (K % 32 || K == 0 || x.numel() / K < block) return false;
  for (size_t i = 0; i < ws.size(); i++) {
    const at::Tensor &w = ws[i], &b = bs[i];
    if (w.dim() != 2 || w.size(1) != K || w.size(0) % 32 || w.size(0) == 0 || b.dim() != 1 || b.size(0) != w.size(0)) return false;
    for (const at::Tensor& t : {w, b})
      if (!t.is_cpu() || t.scalar_type() != at::kFloat || !t.is_contiguous()) return false;
  }
  return true;
}

at::Tensor answer(void** slots, const at::Tensor& in, at::TensorList ws, at::TensorList bs, int activation) {
  Maps m(ws, bs);
  at::Tensor x = rows_of(m, in);
  at::Tensor y = empty(x.size(0), m.outputs(), at::kBFloat16);
  std::vector<at::Tensor> panels;
  for (size_t i = 0; i < ws.size(); i++) panels.push_back(kept(static_cast<Slot*>(slots[i]), ws[i], m.P)->panels);
  forward_all(m, activation, x, panels, nullptr, y);
  return shaped(y, in);
}

}  // namespace
#endif

// The maps of x side by side, then the activation (see Activation). Without a
// result, and without an error, the parts are to be computed one by one. Where a
// gradient is asked, what the slots held is freed.
extern "C" gt_error gt_linear(void** slots, gt_tensor x, gt_tensor* weights, gt_tensor* biases, int n, int activation,
                              gt_tensor* out) {
  return guard([&] {
    *out = nullptr;
#if defined(__x86_64__)
    const at::Tensor& in = *static_cast<at::Tensor*>(x);
    std::vector<at::Tensor> ws, bs;
    for (int i = 0; i < n; i++) {
      ws.push_back(*static_cast<at::Tensor*>(weights[i]));
      bs.push_back(*static_cast<at::Tensor*>(biases[i]));
    }
    bool grad = recorded(in, ws) || recorded(in, bs), fit = fits(in, ws, bs);
    if (grad || !fit)
      for (int i = 0; i < n; i++) static_cast<Slot*>(slots[i])->set(nullptr);
    if (!fit) return;
    if (grad) {
      *out = new at::Tensor(Linear::apply(in, at::TensorList(ws), at::TensorList(bs), activation));
      return;
    }
    at::NoGradGuard no_grad;
    *out = new at::Tensor(answer(slots, in, ws, bs, activation));
#endif
  });
}
