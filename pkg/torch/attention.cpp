// Attention with dropout over packed sequences, for the CPU.
//
// Sequences lie one after the other, no padding between. A task is one head of
// one sequence: it walks the queries in blocks of 64, and holds the scores of a
// block against all keys, so that nothing of size T² is stored and softmax is
// the plain one. The backward pass computes the scores anew from the saved
// logarithms of the denominators (Dao et al. 2022, section 3.1). A task alone
// writes its part of each result, in a fixed order: results do not depend on
// the number of threads.
#include "shim.h"

#include "attention_rows.hpp"
#include "guard.hpp"
#include "products.hpp"

#include <type_traits>
#include <vector>

namespace {

constexpr int64_t block = 64;

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Few different sizes: each is compiled once a thread by oneDNN.
int64_t padded(int64_t tokens) { return round_up(tokens, tokens <= 512 ? 32 : 256); }

// What the tasks share.
struct Job {
  std::vector<int64_t> starts;  // of each sequence, and the end
  int64_t heads, d, dp, width;  // head size, the same padded, H
  float scale;
  Key key;
  uint32_t drop;
  float inverse;  // 1/(1-p)

  int64_t sequences() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t total() const { return starts.back(); }
  int64_t longest() const {
    int64_t n = 0;
    for (int64_t s = 0; s < sequences(); s++) n = std::max(n, starts[s + 1] - starts[s]);
    return n;
  }
  Key row(int64_t head, int64_t token) const { return row_key(key, static_cast<uint64_t>(head * total() + token)); }
};

// Runs task(sequence, head, buffers) for all.
template <class Buffers, class F>
void each_head(const Job& j, F&& task) {
  each(
      j.sequences() * j.heads, [&] { return Buffers(j); },
      [&](int64_t i, Buffers& buffers) { task(i / j.heads, i % j.heads, buffers); });
}

void convert(const float* x, float* y, int64_t n) { memcpy(y, x, n * sizeof(float)); }
void convert(const float* x, bf16* y, int64_t n) { narrow_row(x, reinterpret_cast<uint16_t*>(y), n); }
void convert(const bf16* x, float* y, int64_t n) { widen_row(reinterpret_cast<const uint16_t*>(x), y, n); }
void convert(const bf16* x, bf16* y, int64_t n) { memcpy(y, x, n * sizeof(bf16)); }

// n rows of d numbers, stride apart, to rows of dp, zeros up to np rows.
template <class In, class E>
void load(const In* x, int64_t stride, int64_t n, int64_t np, int64_t d, int64_t dp, E* y) {
  for (int64_t i = 0; i < np; i++, y += dp) {
    if (i < n) convert(x + i * stride, y, d);
    std::fill(y + (i < n ? d : 0), y + dp, E(0));
  }
}

template <class E>
void transpose(const E* x, int64_t rows, int64_t columns, E* y) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
}

// x [rows,columns] transposed, as a product's second operand.
void pack_transposed(const float* x, int64_t rows, int64_t columns, float* y) { transpose(x, rows, columns, y); }
void pack_transposed(const bf16* x, int64_t rows, int64_t columns, bf16* y) {
  transpose(reinterpret_cast<const uint32_t*>(x), rows, columns / 2, reinterpret_cast<uint32_t*>(y));
}

// x [rows,columns] as a product's second operand.
void pack(const float* x, int64_t rows, int64_t columns, float* y) { memcpy(y, x, rows * columns * sizeof(float)); }
void pack(const bf16* x, int64_t rows, int64_t columns, bf16* y) {
  for (int64_t i = 0; i < rows; i += 2)
    for (int64_t j = 0; j < columns; j++) {
      y[i * columns + 2 * j] = x[i * columns + j];
      y[i * columns + 2 * j + 1] = x[(i + 1) * columns + j];
    }
}

// The same from the float32 that products give.
void pack_block(const float* x, int64_t rows, int64_t columns, float* y) { pack(x, rows, columns, y); }
void pack_block(const float* x, int64_t rows, int64_t columns, bf16* y) {
  for (int64_t i = 0; i < rows; i += 2)
    interleave_rows(x + i * columns, x + (i + 1) * columns, reinterpret_cast<uint32_t*>(y + i * columns), columns);
}

template <class E>
struct ForwardBuffers {
  std::vector<E> q, rows, k, v, p;
  std::vector<float> s, o, scales;
  explicit ForwardBuffers(const Job& j) {
    int64_t T = padded(j.longest());
    q.resize(block * j.dp), rows.resize(T * j.dp), k.resize(T * j.dp), v.resize(T * j.dp), p.resize(block * T);
    s.resize(block * T), o.resize(block * j.dp), scales.resize(block);
  }
};

template <class In, class E>
void forward_all(const Job& j, const In* x, In* y, float* lse) {
  using Buffers = ForwardBuffers<E>;
  int64_t stride = 3 * j.width;
  each_head<Buffers>(j, [&](int64_t sequence, int64_t head, Buffers& b) {
    int64_t first = j.starts[sequence], T = j.starts[sequence + 1] - first, Tp = padded(T), dp = j.dp;
    const In* q = x + first * stride + head * j.d;
    load(q + j.width, stride, T, Tp, j.d, dp, b.rows.data());
    pack_transposed(b.rows.data(), Tp, dp, b.k.data());
    load(q + 2 * j.width, stride, T, Tp, j.d, dp, b.rows.data());
    pack(b.rows.data(), Tp, dp, b.v.data());
    for (int64_t i = 0; i < T; i += block) {
      int64_t n = std::min(block, T - i), M = round_up(n, 32);
      load(q + i * stride, stride, n, M, j.d, dp, b.q.data());
      product(M, Tp, dp, b.q.data(), b.k.data(), b.s.data(), Tp, false);
      for (int64_t r = 0; r < n; r++) {
        float sum;
        lse[head * j.total() + first + i + r] =
            softmax_row(b.s.data() + r * Tp, T, Tp, j.scale, j.row(head, first + i + r), j.drop, &sum);
        b.scales[r] = j.inverse / sum;
      }
      std::fill(b.s.begin() + n * Tp, b.s.begin() + M * Tp, 0.0f);
      convert(b.s.data(), b.p.data(), M * Tp);
      product(M, dp, Tp, b.p.data(), b.v.data(), b.o.data(), dp, false);
      for (int64_t r = 0; r < n; r++) {
        float* o = b.o.data() + r * dp;
        for (int64_t c = 0; c < j.d; c++) o[c] *= b.scales[r];
        convert(o, y + (first + i + r) * j.width + head * j.d, j.d);
      }
    }
  });
}

template <class E>
struct BackwardBuffers {
  std::vector<E> q, g, qt, gt, k_rows, v_rows, k, kt, vt, ds, packed;
  std::vector<float> s, d, dq, dk, dv, out, grad;
  explicit BackwardBuffers(const Job& j) {
    int64_t T = padded(j.longest()), rows = T * j.dp, few = block * j.dp;
    for (auto* v : {&q, &g, &qt, &gt}) v->resize(few);
    for (auto* v : {&k_rows, &v_rows, &k, &kt, &vt}) v->resize(rows);
    for (auto* v : {&ds, &packed}) v->resize(block * T);
    for (auto* v : {&s, &d}) v->resize(block * T);
    for (auto* v : {&dk, &dv}) v->resize(rows);
    dq.resize(std::max(few, rows)), out.resize(j.dp), grad.resize(j.dp);
  }
};

template <class In, class E>
void backward_all(const Job& j, const In* x, const In* y, const In* gy, const float* lse, In* gx) {
  using Buffers = BackwardBuffers<E>;
  int64_t stride = 3 * j.width;
  each_head<Buffers>(j, [&](int64_t sequence, int64_t head, Buffers& b) {
    int64_t first = j.starts[sequence], T = j.starts[sequence + 1] - first, Tp = padded(T), dp = j.dp;
    int64_t at = first * stride + head * j.d;
    const In* q = x + at;
    load(q + j.width, stride, T, Tp, j.d, dp, b.k_rows.data());
    load(q + 2 * j.width, stride, T, Tp, j.d, dp, b.v_rows.data());
    pack(b.k_rows.data(), Tp, dp, b.k.data());
    pack_transposed(b.k_rows.data(), Tp, dp, b.kt.data());
    pack_transposed(b.v_rows.data(), Tp, dp, b.vt.data());
    for (int64_t i = 0; i < T; i += block) {
      int64_t n = std::min(block, T - i), M = round_up(n, 32), row = first + i;
      const In *o = y + row * j.width + head * j.d, *go = gy + row * j.width + head * j.d;
      load(q + i * stride, stride, n, M, j.d, dp, b.q.data());
      load(go, j.width, n, M, j.d, dp, b.g.data());
      transpose(b.q.data(), M, dp, b.qt.data());
      transpose(b.g.data(), M, dp, b.gt.data());
      product(M, Tp, dp, b.q.data(), b.kt.data(), b.s.data(), Tp, false);
      product(M, Tp, dp, b.g.data(), b.vt.data(), b.d.data(), Tp, false);
      for (int64_t r = 0; r < n; r++) {
        convert(o + r * j.width, b.out.data(), j.d);
        convert(go + r * j.width, b.grad.data(), j.d);
        float dot = 0;
        for (int64_t c = 0; c < j.d; c++) dot += b.out[c] * b.grad[c];
        gradient_row(b.s.data() + r * Tp, b.d.data() + r * Tp, T, Tp, j.scale, lse[head * j.total() + row + r], dot,
                     j.row(head, row + r), j.drop, j.inverse);
      }
      std::fill(b.s.begin() + n * Tp, b.s.begin() + M * Tp, 0.0f);
      std::fill(b.d.begin() + n * Tp, b.d.begin() + M * Tp, 0.0f);
      // dKᵀ += Qᵀ·dS, dVᵀ += dOᵀ·P, dQ = dS·K.
      pack_block(b.s.data(), M, Tp, b.packed.data());
      product(dp, Tp, M, b.gt.data(), b.packed.data(), b.dv.data(), Tp, i > 0);
      pack_block(b.d.data(), M, Tp, b.packed.data());
      product(dp, Tp, M, b.qt.data(), b.packed.data(), b.dk.data(), Tp, i > 0);
      convert(b.d.data(), b.ds.data(), M * Tp);
      product(M, dp, Tp, b.ds.data(), b.k.data(), b.dq.data(), dp, false);
      for (int64_t r = 0; r < n; r++) convert(b.dq.data() + r * dp, gx + at + (i + r) * stride, j.d);
    }
    for (int64_t part = 1; part <= 2; part++) {
      transpose((part == 1 ? b.dk : b.dv).data(), dp, Tp, b.dq.data());
      for (int64_t r = 0; r < T; r++) convert(b.dq.data() + r * dp, gx + at + part * j.width + r * stride, j.d);
    }
  });
}

Job job(const at::Tensor& qkv, at::IntArrayRef lengths, int64_t heads, double p, Key key) {
  Job j;
  j.starts.push_back(0);
  for (int64_t n : lengths) j.starts.push_back(j.starts.back() + n);
  j.heads = heads, j.width = qkv.size(1) / 3, j.d = j.width / heads, j.dp = round_up(j.d, 32);
  j.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(j.d)));
  j.key = key, j.drop = p > 0 ? threshold(p) : 0, j.inverse = static_cast<float>(1 / (1 - p));
  return j;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& in, std::vector<int64_t> lengths,
                            int64_t heads, double p) {
    at::Tensor x = in.contiguous();
    Key k = p > 0 ? draw() : Key{0, 0};
    Job j = job(x, lengths, heads, p, k);
    at::Tensor y = at::empty({j.total(), j.width}, x.options());
    at::Tensor lse = at::empty({heads, j.total()}, x.options().dtype(at::kFloat));
    if (x.scalar_type() == at::kFloat)
      forward_all<float, float>(j, x.data_ptr<float>(), y.data_ptr<float>(), lse.data_ptr<float>());
    else if (bf16_products())
      forward_all<bf16, bf16>(j, x.data_ptr<bf16>(), y.data_ptr<bf16>(), lse.data_ptr<float>());
    else
      forward_all<bf16, float>(j, x.data_ptr<bf16>(), y.data_ptr<bf16>(), lse.data_ptr<float>());
    ctx->save_for_backward({x, y, lse});
    ctx->saved_data["lengths"] = lengths;
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["p"] = p;
    save_key(ctx, k);
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list g) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1], &lse = saved[2];
    std::vector<int64_t> lengths = ctx->saved_data["lengths"].toIntVector();
    Job j = job(x, lengths, ctx->saved_data["heads"].toInt(), ctx->saved_data["p"].toDouble(), saved_key(ctx));
    at::Tensor gy = g[0].to(x.scalar_type()).contiguous();
    at::Tensor gx = at::empty_like(x);
    if (x.scalar_type() == at::kFloat)
      backward_all<float, float>(j, x.data_ptr<float>(), y.data_ptr<float>(), gy.data_ptr<float>(),
                                 lse.data_ptr<float>(), gx.data_ptr<float>());
    else if (bf16_products())
      backward_all<bf16, bf16>(j, x.data_ptr<bf16>(), y.data_ptr<bf16>(), gy.data_ptr<bf16>(), lse.data_ptr<float>(),
                               gx.data_ptr<bf16>());
    else
      backward_all<bf16, float>(j, x.data_ptr<bf16>(), y.data_ptr<bf16>(), gy.data_ptr<bf16>(), lse.data_ptr<float>(),
                                gx.data_ptr<bf16>());
    return {gx, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

// Other devices and types: ATen's attention, sequence by sequence.
at::Tensor composed(const at::Tensor& x, at::IntArrayRef lengths, int64_t heads, double p) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& part : at::split_with_sizes(x, lengths)) {
    int64_t T = part.size(0);
    at::Tensor t = part.reshape({T, 3, heads, -1}).permute({1, 2, 0, 3}).unsqueeze(1);  // [3,1,heads,T,d]
    at::Tensor y = at::scaled_dot_product_attention(t[0], t[1], t[2], std::nullopt, p);
    out.push_back(y.squeeze(0).transpose(0, 1).reshape({T, -1}));
  }
  return at::cat(out);
}

}  // namespace

extern "C" gt_error gt_attention_packed(gt_tensor qkv, const int64_t* lengths, int n, int64_t heads, double p,
                                        gt_tensor* out) {
  return guard([&] {
    const at::Tensor& x = *static_cast<at::Tensor*>(qkv);
    TORCH_CHECK(x.dim() == 2 && heads > 0 && x.size(1) % (3 * heads) == 0, "queries, keys and values are ", x.sizes(),
                ", want [tokens, 3 * ", heads, " heads * head size]");
    TORCH_CHECK(p >= 0 && p < 1, "dropout of ", p, ", want at least 0 and less than 1");
    at::IntArrayRef ns(lengths, n);
    int64_t total = 0;
    for (int64_t l : ns) {
      TORCH_CHECK(l > 0, "a sequence of ", l, " tokens, want 1 or more");
      total += l;
    }
    TORCH_CHECK(total == x.size(0) && n > 0, "sequences of ", total, " tokens in all, but ", x.size(0), " tokens");
    *out = new at::Tensor(ours(x) ? Attention::apply(x, ns.vec(), heads, p) : composed(x, ns, heads, p));
  });
}
