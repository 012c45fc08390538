// Attention with dropout over packed sequences, for the CPU.
//
// Sequences lie one after the other, no padding between; their queries are all of
// their tokens, or one a sequence. A task is one head of one sequence: it walks
// the queries in blocks of 64, and holds the scores of a block against all keys, so
// that nothing of size T² is stored and softmax is the plain one. The backward pass computes the scores anew from the saved
// logarithms of the denominators (Dao et al. 2022, section 3.1). A task alone
// writes its part of each result, in a fixed order: results do not depend on
// the number of threads.
#include "shim.h"

#include "attention_rows.hpp"
#include "flash.hpp"
#include "guard.hpp"
#include "products.hpp"

#include <numeric>
#include <vector>

namespace {

constexpr int64_t block = 64;

// Few different sizes: each is compiled once a thread by oneDNN.
int64_t padded(int64_t tokens) { return round_up(tokens, tokens <= 512 ? 32 : 256); }

// What the tasks share.
struct Job {
  std::vector<int64_t> starts;  // of each sequence, and the end
  std::vector<int64_t> asks;    // the same for its queries
  int64_t heads, d, dp, width;  // head size, the same padded, H
  float scale;
  Key key;
  uint32_t drop;
  float inverse;  // 1/(1-p)

  int64_t sequences() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t queries() const { return asks.back(); }
  int64_t longest() const {
    int64_t n = 0;
    for (int64_t s = 0; s < sequences(); s++) n = std::max(n, starts[s + 1] - starts[s]);
    return n;
  }
  Key row(int64_t head, int64_t query) const { return row_key(key, static_cast<uint64_t>(head * queries() + query)); }
};

// Queries, keys and values of all heads, or their gradients: rows, and how far each
// is from the next.
template <class E>
struct Sides {
  E *q, *k, *v;
  int64_t q_stride, stride;
};

// x is [tokens,3H], or, with q [sequences,H], [tokens,2H].
template <class E>
Sides<E> sides(const at::Tensor& x, const at::Tensor& q, int64_t width) {
  E* p = x.data_ptr<E>();
  if (!q.defined()) return {p, p + width, p + 2 * width, 3 * width, 3 * width};
  return {q.data_ptr<E>(), p, p + width, width, 2 * width};
}

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
void forward_all(const Job& j, const Sides<In>& x, In* y, float* lse) {
  using Buffers = ForwardBuffers<E>;
  each_head<Buffers>(j, [&](int64_t sequence, int64_t head, Buffers& b) {
    int64_t first = j.starts[sequence], T = j.starts[sequence + 1] - first, Tp = padded(T), dp = j.dp;
    int64_t ask = j.asks[sequence], asked = j.asks[sequence + 1] - ask;
    const In* q = x.q + ask * x.q_stride + head * j.d;
    load(x.k + first * x.stride + head * j.d, x.stride, T, Tp, j.d, dp, b.rows.data());
    pack_transposed(b.rows.data(), Tp, dp, b.k.data());
    load(x.v + first * x.stride + head * j.d, x.stride, T, Tp, j.d, dp, b.rows.data());
    pack(b.rows.data(), Tp, dp, b.v.data());
    for (int64_t i = 0; i < asked; i += block) {
      int64_t n = std::min(block, asked - i), M = round_up(n, 32);
      load(q + i * x.q_stride, x.q_stride, n, M, j.d, dp, b.q.data());
      product(M, Tp, dp, b.q.data(), b.k.data(), b.s.data(), Tp, false);
      for (int64_t r = 0; r < n; r++) {
        float sum;
        lse[head * j.queries() + ask + i + r] =
            softmax_row(b.s.data() + r * Tp, T, Tp, j.scale, j.row(head, ask + i + r), j.drop, &sum);
        b.scales[r] = j.inverse / sum;
      }
      std::fill(b.s.begin() + n * Tp, b.s.begin() + M * Tp, 0.0f);
      convert(b.s.data(), b.p.data(), M * Tp);
      product(M, dp, Tp, b.p.data(), b.v.data(), b.o.data(), dp, false);
      for (int64_t r = 0; r < n; r++) {
        float* o = b.o.data() + r * dp;
        for (int64_t c = 0; c < j.d; c++) o[c] *= b.scales[r];
        convert(o, y + (ask + i + r) * j.width + head * j.d, j.d);
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
void backward_all(const Job& j, const Sides<In>& x, const In* y, const In* gy, const float* lse, const Sides<In>& gx) {
  using Buffers = BackwardBuffers<E>;
  each_head<Buffers>(j, [&](int64_t sequence, int64_t head, Buffers& b) {
    int64_t first = j.starts[sequence], T = j.starts[sequence + 1] - first, Tp = padded(T), dp = j.dp;
    int64_t ask = j.asks[sequence], asked = j.asks[sequence + 1] - ask;
    int64_t at = first * x.stride + head * j.d, at_query = ask * x.q_stride + head * j.d;
    load(x.k + at, x.stride, T, Tp, j.d, dp, b.k_rows.data());
    load(x.v + at, x.stride, T, Tp, j.d, dp, b.v_rows.data());
    pack(b.k_rows.data(), Tp, dp, b.k.data());
    pack_transposed(b.k_rows.data(), Tp, dp, b.kt.data());
    pack_transposed(b.v_rows.data(), Tp, dp, b.vt.data());
    for (int64_t i = 0; i < asked; i += block) {
      int64_t n = std::min(block, asked - i), M = round_up(n, 32), row = ask + i;
      const In *o = y + row * j.width + head * j.d, *go = gy + row * j.width + head * j.d;
      load(x.q + at_query + i * x.q_stride, x.q_stride, n, M, j.d, dp, b.q.data());
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
        gradient_row(b.s.data() + r * Tp, b.d.data() + r * Tp, T, Tp, j.scale, lse[head * j.queries() + row + r], dot,
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
      for (int64_t r = 0; r < n; r++) convert(b.dq.data() + r * dp, gx.q + at_query + (i + r) * x.q_stride, j.d);
    }
    auto give = [&](const std::vector<float>& sums, In* to) {
      transpose(sums.data(), dp, Tp, b.dq.data());
      for (int64_t r = 0; r < T; r++) convert(b.dq.data() + r * dp, to + at + r * x.stride, j.d);
    };
    give(b.dk, gx.k);
    give(b.dv, gx.v);
  });
}

Job job(int64_t width, at::IntArrayRef lengths, bool one_query, int64_t heads, double p, Key key) {
  Job j;
  j.starts.push_back(0);
  for (int64_t n : lengths) j.starts.push_back(j.starts.back() + n);
  j.asks = j.starts;
  if (one_query) std::iota(j.asks.begin(), j.asks.end(), 0);
  j.heads = heads, j.width = width, j.d = j.width / heads, j.dp = round_up(j.d, 32);
  j.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(j.d)));
  j.key = key, j.drop = p > 0 ? threshold(p) : 0, j.inverse = static_cast<float>(1 / (1 - p));
  return j;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& in, const std::optional<at::Tensor>& query,
                            std::vector<int64_t> lengths, int64_t heads, double p) {
    at::Tensor x = in.contiguous(), q = query ? query->to(x.scalar_type()).contiguous() : at::Tensor();
    int64_t width = q.defined() ? q.size(1) : x.size(1) / 3;
    Key k = p > 0 ? draw() : Key{0, 0};
    Job j = job(width, lengths, q.defined(), heads, p, k);
    at::Tensor y = at::empty({j.queries(), j.width}, x.options());
    at::Tensor lse = at::empty({heads, j.queries()}, x.options().dtype(at::kFloat));
    if (x.scalar_type() == at::kFloat)
      forward_all<float, float>(j, sides<float>(x, q, width), y.data_ptr<float>(), lse.data_ptr<float>());
    else if (bf16_products())
      forward_all<bf16, bf16>(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), lse.data_ptr<float>());
    else
      forward_all<bf16, float>(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), lse.data_ptr<float>());
    ctx->save_for_backward({x, q, y, lse});
    if (query) ctx->saved_data["type"] = query->scalar_type();
    ctx->saved_data["lengths"] = lengths;
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["p"] = p;
    save_key(ctx, k);
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list g) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &q = saved[1], &y = saved[2], &lse = saved[3];
    std::vector<int64_t> lengths = ctx->saved_data["lengths"].toIntVector();
    int64_t width = y.size(1);
    Job j = job(width, lengths, q.defined(), ctx->saved_data["heads"].toInt(), ctx->saved_data["p"].toDouble(), saved_key(ctx));
    at::Tensor gy = g[0].to(x.scalar_type()).contiguous();
    at::Tensor gx = at::empty_like(x), gq = q.defined() ? at::empty_like(q) : at::Tensor();
    if (x.scalar_type() == at::kFloat)
      backward_all<float, float>(j, sides<float>(x, q, width), y.data_ptr<float>(), gy.data_ptr<float>(),
                                 lse.data_ptr<float>(), sides<float>(gx, gq, width));
    else if (bf16_products())
      backward_all<bf16, bf16>(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), gy.data_ptr<bf16>(), lse.data_ptr<float>(),
                               sides<bf16>(gx, gq, width));
    else
      backward_all<bf16, float>(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), gy.data_ptr<bf16>(),
                                lse.data_ptr<float>(), sides<bf16>(gx, gq, width));
    if (gq.defined()) gq = gq.to(ctx->saved_data["type"].toScalarType());
    return {gx, gq, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

// query is NULL, and x [tokens,3H]; or it is [sequences,H], and x [tokens,2H].
extern "C" gt_error gt_attention_packed(gt_tensor in, gt_tensor query, const int64_t* lengths, int n, int64_t heads,
                                        double p, gt_tensor* out) {
  return guard([&] {
    const at::Tensor& x = *static_cast<at::Tensor*>(in);
    std::optional<at::Tensor> q;
    if (query) q = *static_cast<at::Tensor*>(query);
    if (q) {
      TORCH_CHECK(q->dim() == 2 && x.dim() == 2 && heads > 0 && q->size(1) % heads == 0 && x.size(1) == 2 * q->size(1),
                  "queries are ", q->sizes(), ", keys and values ", x.sizes(), ", want [sequences, ", heads,
                  " heads * head size] and twice as wide [tokens, .]");
      TORCH_CHECK(q->size(0) == n, q->size(0), " queries, want one for each of ", n, " sequences");
    } else {
      TORCH_CHECK(x.dim() == 2 && heads > 0 && x.size(1) % (3 * heads) == 0, "queries, keys and values are ", x.sizes(),
                  ", want [tokens, 3 * ", heads, " heads * head size]");
    }
    TORCH_CHECK(p >= 0 && p < 1, "dropout of ", p, ", want at least 0 and less than 1");
    at::IntArrayRef ns(lengths, n);
    int64_t total = 0;
    for (int64_t l : ns) {
      TORCH_CHECK(l > 0, "a sequence of ", l, " tokens, want 1 or more");
      total += l;
    }
    TORCH_CHECK(total == x.size(0) && n > 0, "sequences of ", total, " tokens in all, but ", x.size(0), " tokens");
    int64_t d = (q ? q->size(1) : x.size(1) / 3) / heads;
    *out = new at::Tensor(ours(x)             ? Attention::apply(x, q, ns.vec(), heads, p)
                          : flash_fits(x, d) ? flash(x, q, ns, heads, p)
                                             : composed_attention(x, q, ns, heads, p));
  });
}
