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
#include <type_traits>
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

// n rows of numbers, stride apart.
template <class E>
struct View {
  const E* x;
  int64_t stride, n;
  bool inside(int64_t i) const { return i < n; }
  const E* row(int64_t i) const { return x + i * stride; }
};

// n rows of d numbers, stride apart, copied to rows of dp, zeros up to np rows.
template <class In, class E>
View<E> copied(const In* x, int64_t stride, int64_t n, int64_t np, int64_t d, int64_t dp, E* y) {
  View<E> v{y, dp, np};
  for (int64_t i = 0; i < np; i++, y += dp) {
    if (i < n) convert(x + i * stride, y, d);
    std::fill(y + (i < n ? d : 0), y + dp, E(0));
  }
  return v;
}

// The same where they lie, if their type and width are those of products. Rows up to
// np are then not there, and read as zeros.
template <class In, class E>
View<E> viewed(const In* x, int64_t stride, int64_t n, int64_t np, int64_t d, int64_t dp, E* y) {
  if constexpr (std::is_same_v<In, E>) {
    if (d == dp) return {x, stride, n};
  }
  return copied(x, stride, n, np, d, dp, y);
}

// The same as a product's first operand, for which all np rows must be there.
template <class In, class E>
View<E> as_first(const In* x, int64_t stride, int64_t n, int64_t np, int64_t d, int64_t dp, E* y) {
  return n == np ? viewed(x, stride, n, np, d, dp, y) : copied(x, stride, n, np, d, dp, y);
}

// x [rows,columns] transposed.
template <class E>
void transpose(const View<E>& x, int64_t rows, int64_t columns, E* y) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) y[j * rows + i] = x.inside(i) ? x.row(i)[j] : E(0);
}

// The same as a product's second operand.
void pack_transposed(const View<float>& x, int64_t rows, int64_t columns, float* y) { transpose(x, rows, columns, y); }

// x [rows,columns] as a product's second operand.
void pack(const View<float>& x, int64_t rows, int64_t columns, float* y) {
  for (int64_t i = 0; i < rows; i++, y += columns) {
    if (x.inside(i))
      memcpy(y, x.row(i), columns * sizeof(float));
    else
      std::fill(y, y + columns, 0.0f);
  }
}

// As gradient_rows.
void gradients(const float* s, const float* d, int64_t count, int64_t n, int64_t width, float scale, const Row* rows,
               uint32_t drop, float inverse, float* p, float* ds, float* ds_rows) {
  for (int64_t r = 0; r < 2; r++) {
    int64_t at = r * width;
    if (r < count) {
      gradient_row(s + at, d + at, n, width, scale, rows[r], drop, inverse, p + at, ds + at);
    } else {
      std::fill(p + at, p + at + width, 0.0f);
      std::fill(ds + at, ds + at + width, 0.0f);
    }
  }
  memcpy(ds_rows, ds, 2 * width * sizeof(float));
}

#if defined(__x86_64__)

const uint16_t* words(const bf16* p) { return reinterpret_cast<const uint16_t*>(p); }
uint16_t* words(bf16* p) { return reinterpret_cast<uint16_t*>(p); }
uint32_t* pairs(bf16* p) { return reinterpret_cast<uint32_t*>(p); }

void transpose(const View<bf16>& x, int64_t rows, int64_t columns, bf16* y) {
  transpose_tokens(words(x.x), x.stride, x.n, rows, columns, words(y));
}
void pack_transposed(const View<bf16>& x, int64_t rows, int64_t columns, bf16* y) {
  transpose_words(reinterpret_cast<const uint32_t*>(x.x), x.stride / 2, x.n, rows, columns / 2, pairs(y), rows);
}
void pack(const View<bf16>& x, int64_t rows, int64_t columns, bf16* y) {
  pack_tokens(words(x.x), x.stride, x.n, rows, columns, pairs(y));
}
void gradients(const float* s, const float* d, int64_t count, int64_t n, int64_t width, float scale, const Row* rows,
               uint32_t drop, float inverse, bf16* p, bf16* ds, bf16* ds_rows) {
  gradient_rows(s, d, count, n, width, scale, rows, drop, inverse, pairs(p), pairs(ds), words(ds_rows));
}
float softmax_row(float* s, int64_t n, int64_t width, float scale, Key k, uint32_t drop, float* sum, bf16* p) {
  return softmax_row(s, n, width, scale, k, drop, sum, words(p));
}

#endif

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
    int64_t from = j.starts[sequence], T = j.starts[sequence + 1] - from, Tp = padded(T), dp = j.dp;
    int64_t ask = j.asks[sequence], asked = j.asks[sequence + 1] - ask;
    const In* q = x.q + ask * x.q_stride + head * j.d;
    int64_t at = from * x.stride + head * j.d;
    pack_transposed(viewed(x.k + at, x.stride, T, Tp, j.d, dp, b.rows.data()), Tp, dp, b.k.data());
    pack(viewed(x.v + at, x.stride, T, Tp, j.d, dp, b.rows.data()), Tp, dp, b.v.data());
    for (int64_t i = 0; i < asked; i += block) {
      int64_t n = std::min(block, asked - i), M = round_up(n, 32);
      auto queries = as_first(q + i * x.q_stride, x.q_stride, n, M, j.d, dp, b.q.data());
      product(M, Tp, dp, queries.x, queries.stride, b.k.data(), b.s.data(), false);
      for (int64_t r = 0; r < n; r++) {
        float sum;
        lse[head * j.queries() + ask + i + r] =
            softmax_row(b.s.data() + r * Tp, T, Tp, j.scale, j.row(head, ask + i + r), j.drop, &sum, b.p.data() + r * Tp);
        b.scales[r] = j.inverse / sum;
      }
      std::fill(b.p.begin() + n * Tp, b.p.begin() + M * Tp, E(0));
      product(M, dp, Tp, b.p.data(), Tp, b.v.data(), b.o.data(), false);
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
  std::vector<E> q, g, qt, gt, k_rows, v_rows, k, kt, vt, p, ds, ds_rows;
  std::vector<float> s, d, dq, dk, dv, out, grad;
  explicit BackwardBuffers(const Job& j) {
    int64_t T = padded(j.longest()), rows = T * j.dp, few = block * j.dp;
    for (auto* v : {&q, &g, &qt, &gt}) v->resize(few);
    for (auto* v : {&k_rows, &v_rows, &k, &kt, &vt}) v->resize(rows);
    for (auto* v : {&p, &ds, &ds_rows}) v->resize(block * T);
    for (auto* v : {&s, &d}) v->resize(block * T);
    for (auto* v : {&dk, &dv}) v->resize(rows);
    dq.resize(std::max(few, rows)), out.resize(j.dp), grad.resize(j.dp);
  }
};

template <class In, class E>
void backward_all(const Job& j, const Sides<In>& x, const In* y, const In* gy, const float* lse, const Sides<In>& gx) {
  using Buffers = BackwardBuffers<E>;
  each_head<Buffers>(j, [&](int64_t sequence, int64_t head, Buffers& b) {
    int64_t from = j.starts[sequence], T = j.starts[sequence + 1] - from, Tp = padded(T), dp = j.dp;
    int64_t ask = j.asks[sequence], asked = j.asks[sequence + 1] - ask;
    int64_t at = from * x.stride + head * j.d, at_query = ask * x.q_stride + head * j.d;
    View<E> k = viewed(x.k + at, x.stride, T, Tp, j.d, dp, b.k_rows.data());
    View<E> v = viewed(x.v + at, x.stride, T, Tp, j.d, dp, b.v_rows.data());
    pack(k, Tp, dp, b.k.data());
    pack_transposed(k, Tp, dp, b.kt.data());
    pack_transposed(v, Tp, dp, b.vt.data());
    for (int64_t i = 0; i < asked; i += block) {
      int64_t n = std::min(block, asked - i), M = round_up(n, 32), row = ask + i;
      const In *o = y + row * j.width + head * j.d, *go = gy + row * j.width + head * j.d;
      View<E> q = as_first(x.q + at_query + i * x.q_stride, x.q_stride, n, M, j.d, dp, b.q.data());
      View<E> g = as_first(go, j.width, n, M, j.d, dp, b.g.data());
      transpose(q, M, dp, b.qt.data());
      transpose(g, M, dp, b.gt.data());
      product(M, Tp, dp, q.x, q.stride, b.kt.data(), b.s.data(), false);
      product(M, Tp, dp, g.x, g.stride, b.vt.data(), b.d.data(), false);
      for (int64_t r = 0; r < M; r += 2) {
        Row rows[2] = {};
        int64_t count = std::clamp<int64_t>(n - r, 0, 2), at_row = r * Tp;
        for (int64_t a = 0; a < count; a++) {
          convert(o + (r + a) * j.width, b.out.data(), j.d);
          convert(go + (r + a) * j.width, b.grad.data(), j.d);
          float dot = 0;
          for (int64_t c = 0; c < j.d; c++) dot += b.out[c] * b.grad[c];
          rows[a] = {lse[head * j.queries() + row + r + a], dot, j.row(head, row + r + a)};
        }
        gradients(b.s.data() + at_row, b.d.data() + at_row, count, T, Tp, j.scale, rows, j.drop, j.inverse, b.p.data() + at_row,
                  b.ds.data() + at_row, b.ds_rows.data() + at_row);
      }
      // dKᵀ += Qᵀ·dS, dVᵀ += dOᵀ·P, dQ = dS·K.
      product(dp, Tp, M, b.gt.data(), M, b.p.data(), b.dv.data(), i > 0);
      product(dp, Tp, M, b.qt.data(), M, b.ds.data(), b.dk.data(), i > 0);
      product(M, dp, Tp, b.ds_rows.data(), Tp, b.k.data(), b.dq.data(), false);
      for (int64_t r = 0; r < n; r++) convert(b.dq.data() + r * dp, gx.q + at_query + (i + r) * x.q_stride, j.d);
    }
    auto give = [&](const std::vector<float>& sums, In* to) {
      transpose(View<float>{sums.data(), Tp, dp}, dp, Tp, b.dq.data());
      for (int64_t r = 0; r < T; r++) convert(b.dq.data() + r * dp, to + at + r * x.stride, j.d);
    };
    give(b.dk, gx.k);
    give(b.dv, gx.v);
  });
}

// Of bfloat16 tensors, in products of bfloat16 where the CPU has them.
void forward_of_bf16(const Job& j, const Sides<bf16>& x, bf16* y, float* lse) {
#if defined(__x86_64__)
  if (bf16_products()) return forward_all<bf16, bf16>(j, x, y, lse);
#endif
  forward_all<bf16, float>(j, x, y, lse);
}
void backward_of_bf16(const Job& j, const Sides<bf16>& x, const bf16* y, const bf16* gy, const float* lse, const Sides<bf16>& gx) {
#if defined(__x86_64__)
  if (bf16_products()) return backward_all<bf16, bf16>(j, x, y, gy, lse, gx);
#endif
  backward_all<bf16, float>(j, x, y, gy, lse, gx);
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
    else
      forward_of_bf16(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), lse.data_ptr<float>());
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
    else
      backward_of_bf16(j, sides<bf16>(x, q, width), y.data_ptr<bf16>(), gy.data_ptr<bf16>(), lse.data_ptr<float>(),
                       sides<bf16>(gx, gq, width));
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
      TORCH_CHECK(q->dim() == 2 && x.dim() == 2 && heads > 0 && q->size(1) > 0 && q->size(1) % heads == 0 &&
                      x.size(1) == 2 * q->size(1),
                  "queries are ", q->sizes(), ", keys and values ", x.sizes(), ", want [sequences, ", heads,
                  " heads * head size] and twice as wide [tokens, .]");
      TORCH_CHECK(q->size(0) == n, q->size(0), " queries, want one for each of ", n, " sequences");
      TORCH_CHECK(q->device() == x.device(), "queries are on ", q->device(), ", keys and values on ", x.device());
    } else {
      TORCH_CHECK(x.dim() == 2 && heads > 0 && x.size(1) > 0 && heads <= x.size(1) && x.size(1) % (3 * heads) == 0, "queries, keys and values are ", x.sizes(),
                  ", want [tokens, 3 * ", heads, " heads * head size]");
    }
    TORCH_CHECK(p >= 0 && p < 1, "dropout of ", p, ", want at least 0 and less than 1");
    at::IntArrayRef ns(lengths, n);
    int64_t total = 0;
    for (int64_t l : ns) {
      TORCH_CHECK(l > 0, "a sequence of ", l, " tokens, want 1 or more");
      TORCH_CHECK(l <= x.size(0) - total, "sequences of more tokens than the ", x.size(0), " that there are");
      total += l;
    }
    TORCH_CHECK(total == x.size(0) && n > 0, "sequences of ", total, " tokens in all, but ", x.size(0), " tokens");
    int64_t d = (q ? q->size(1) : x.size(1) / 3) / heads;
    *out = new at::Tensor(ours(x)             ? Attention::apply(x, q, ns.vec(), heads, p)
                          : flash_fits(x, d) ? flash(x, q, ns, heads, p)
                                             : composed_attention(x, q, ns, heads, p));
  });
}
