// 3×3 convolutions of stride 1 in float32 by F(4×4,3×3) of Lavin & Gray 2015: each 4×4 of
// the result takes 36 products of each pair of channels, not 144.
//
// A polynomial of degree 5 is known by its values at 0, ±√½, ±√2 and by its first
// coefficient. With these points, whose squares have the product 1, the error is twice
// that of a plain convolution in float32; with the usual 0, ±1, ±2 it is four times.
//
// A task is a block of tiles. Its input is transformed to 36 matrices of
// [tiles, channels], each is multiplied by one of the 36 matrices of weights, 64 outputs
// at a time, and the products are transformed back to a 4×4 of the result, with bias,
// ReLU and pooling on the way. The gradient by the weights stays in the same domain: of
// Y = Aᵀ[(G·w·Gᵀ)⊙(Bᵀ·d·B)]A it is Gᵀ[Σ (A·gY·Aᵀ)⊙(Bᵀ·d·B)]G, summed over all tiles,
// a portion of them at a time. Which number is computed how does not depend on the
// number of threads.
#include "winograd_f32.hpp"

#include "filters.hpp"
#include "floats.hpp"
#include "lines.hpp"
#include "share.hpp"
#include "winograd_tiles.hpp"

#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t side = 4, positions = 36, chunk = 64, line = 16;
constexpr float root = 1.41421356237f;  // the points are 0, ±root/2, ±root

// Registers of a kind, and how many rows of products they hold: forward, and of gradients.
struct Eights {
  typedef F8 V;
  static constexpr int64_t lanes = 8, columns = 16, rows = 6, few = 4;
};
struct Sixteens {
  typedef F16 V;
  static constexpr int64_t lanes = 16, columns = 32, rows = 8, few = 8;
};

// C [R, columns] = A·B, or that added to C. A's numbers of a row are a_step apart, its
// rows a_row; B is [n, columns], n a multiple of 4.
template <class I, int R>
GT_INLINE void product(int64_t n, const float* a, int64_t a_row, int64_t a_step, const float* b, float* c, int64_t c_row,
                       bool add) {
  typedef typename I::V V;
  V low[R], high[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    low[r] = add ? load<V>(c + r * c_row) : V{};
    high[r] = add ? load<V>(c + r * c_row + I::lanes) : V{};
  }
  const float* rows[R];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) rows[r] = a + r * a_row;
  for (int64_t i = 0; i < n; i += 4) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) {
      V x = load<V>(b + u * I::columns), y = load<V>(b + u * I::columns + I::lanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) {
        float s = rows[r][u * a_step];
        low[r] += s * x, high[r] += s * y;
      }
    }
    b += 4 * I::columns;
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) rows[r] += 4 * a_step;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) store(c + r * c_row, low[r]), store(c + r * c_row + I::lanes, high[r]);
}

// Bᵀ of a column: the coefficients' combinations at the six points.
template <class V>
GT_INLINE void input_column(const V& d0, const V& d1, const V& d2, const V& d3, const V& d4, const V& d5, V* r, int step) {
  V even = d4 - 2 * d2, odd = root / 2 * d3 - root * d1;
  V even2 = d4 - 0.5f * d2, odd2 = root * d3 - root / 2 * d1;
  r[0] = d0 - 2.5f * d2 + d4;
  r[step] = even + odd, r[2 * step] = even - odd;
  r[3 * step] = even2 + odd2, r[4 * step] = even2 - odd2;
  r[5 * step] = d1 - 2.5f * d3 + d5;
}

// Bᵀ·d·B of the 6×6 pixels at px, a register of channels from c, to v by position.
template <class V>
GT_INLINE void transform_input(const float* const* px, int64_t c, float* v, int64_t apart) {
  V t[positions], r[6];
#pragma GCC unroll 1
  for (int j = 0; j < 6; j++)
    input_column<V>(load<V>(px[j] + c), load<V>(px[6 + j] + c), load<V>(px[12 + j] + c), load<V>(px[18 + j] + c),
                    load<V>(px[24 + j] + c), load<V>(px[30 + j] + c), t + j, 6);
#pragma GCC unroll 1
  for (int i = 0; i < 6; i++, v += 6 * apart) {
    const V* d = t + 6 * i;
    input_column<V>(d[0], d[1], d[2], d[3], d[4], d[5], r, 1);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) store(v + j * apart, r[j]);
  }
}

// Aᵀ of a column: four numbers of the result.
template <class V>
GT_INLINE void output_column(const V& m0, const V& m1, const V& m2, const V& m3, const V& m4, const V& m5, V* y, int step) {
  V sum = m1 + m2, gap = m1 - m2, sum2 = m3 + m4, gap2 = m3 - m4;
  y[0] = m0 + sum + sum2;
  y[step] = root / 2 * gap + root * gap2;
  y[2 * step] = 0.5f * sum + 2 * sum2;
  y[3 * step] = root / 4 * gap + 2 * root * gap2 + m5;
}

// A of a column: what the gradient of four results is of the six products.
template <class V>
GT_INLINE void gradient_column(const V& y0, const V& y1, const V& y2, const V& y3, V* r, int step) {
  V even = y0 + 0.5f * y2, odd = root / 2 * y1 + root / 4 * y3;
  V even2 = y0 + 2 * y2, odd2 = root * y1 + 2 * root * y3;
  r[0] = y0, r[5 * step] = y3;
  r[step] = even + odd, r[2 * step] = even - odd;
  r[3 * step] = even2 + odd2, r[4 * step] = even2 - odd2;
}

// G of a column: three weights at the six points.
template <class V>
GT_INLINE void weight_column(const V& g0, const V& g1, const V& g2, V* r, int step) {
  V even = g0 + 0.5f * g2, odd = root / 2 * g1, even2 = g0 + 2 * g2, odd2 = root * g1;
  r[0] = g0, r[5 * step] = g2;
  r[step] = (even + odd) * (-2.0f / 3), r[2 * step] = (even - odd) * (-2.0f / 3);
  r[3 * step] = (even2 + odd2) * (1.0f / 6), r[4 * step] = (even2 - odd2) * (1.0f / 6);
}

// Gᵀ of a column: what the gradient of the six is of the three weights.
template <class V>
GT_INLINE void back_column(const V& m0, const V& m1, const V& m2, const V& m3, const V& m4, const V& m5, V* g, int step) {
  V sum = m1 + m2, gap = m1 - m2, sum2 = m3 + m4, gap2 = m3 - m4;
  g[0] = m0 - 2.0f / 3 * sum + 1.0f / 6 * sum2;
  g[step] = root / 6 * gap2 - root / 3 * gap;
  g[2 * step] = 1.0f / 3 * (sum2 - sum) + m5;
}

// The largest, NaN before any number. (Of a + and a - infinity it is NaN too, which ReLU
// leaves no room for.) GCC knows no 512-bit select on two conditions at once.
template <class V>
GT_INLINE V largest(const V& a, const V& b, const V& c, const V& d) {
  V x = a > b ? a : b, y = c > d ? c : d, most = x > y ? x : y, sum = (a + b) + (c + d);
  return sum != sum ? sum : most;
}

struct Forward : Grid {
  int64_t C, K, block;
  int64_t apart;  // how far a block's matrices are: 16 numbers more than they need keep them out of one cache set
  const float *x, *weights, *bias, *added;  // added may be null
  float* y;
  bool relu, pool;
  std::vector<float> nothing;  // a pixel outside

  // Tiles at a time, in whole products of rows: few, so that they stay in the core's
  // cache, but where weights are many, enough to fetch them for; as many tasks as
  // threads, if there are tiles for it.
  static int64_t block_for(int64_t tiles, int64_t C, int64_t rows) {
    int64_t most = C >= 256 ? 48 : 24, threads = at::get_num_threads();
    int64_t tasks = std::max(at::divup(tiles, most), std::min(at::divup(tiles, 12), threads));
    return at::divup(at::divup(tiles, tasks), rows) * rows;
  }
  static constexpr int64_t of_block(int64_t block, int64_t width) { return block * width + line; }
  // The block's input, transformed, and its products.
  int64_t room() const { return positions * (apart + of_block(block, chunk)); }
};

template <class I>
GT_INLINE void scatter(const Forward& f, int64_t tile, const float* m, int64_t first) {
  typedef typename I::V V;
  int64_t n = tile / (f.th * f.tw), top = tile / f.tw % f.th * side, left = tile % f.tw * side;
  int64_t h = std::min(side, f.H - top), w = std::min(side, f.W - left), apart = Forward::of_block(f.block, chunk);
  for (int64_t k = 0; k < chunk; k += I::lanes) {
    V t[24], out[16], b = load<V>(f.bias + first + k), zero{};
#pragma GCC unroll 1
    for (int j = 0; j < 6; j++) {
      const float* p = m + j * apart + k;
      output_column<V>(load<V>(p), load<V>(p + 6 * apart), load<V>(p + 12 * apart), load<V>(p + 18 * apart),
                       load<V>(p + 24 * apart), load<V>(p + 30 * apart), t + j, 6);
    }
#pragma GCC unroll 1
    for (int i = 0; i < 4; i++) {
      const V* d = t + 6 * i;
      V* o = out + 4 * i;
      output_column<V>(d[0], d[1], d[2], d[3], d[4], d[5], o, 1);
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        o[j] += b;
        if (f.added && i < h && j < w)
          o[j] += load<V>(f.added + ((n * f.H + top + i) * f.W + left + j) * f.K + first + k);
        if (f.relu) o[j] = o[j] < zero ? zero : o[j];  // NaN stays
      }
    }
    if (f.pool) {
      for (int64_t i = 0; i < h; i += 2)
        for (int64_t j = 0; j < w; j += 2) {
          const V* o = out + 4 * i + j;
          store(f.y + ((n * (f.H / 2) + (top + i) / 2) * (f.W / 2) + (left + j) / 2) * f.K + first + k,
                largest<V>(o[0], o[1], o[4], o[5]));
        }
    } else {
      for (int64_t i = 0; i < h; i++)
        for (int64_t j = 0; j < w; j++)
          store(f.y + ((n * f.H + top + i) * f.W + left + j) * f.K + first + k, out[4 * i + j]);
    }
  }
}

template <class I>
GT_INLINE void forward_block(const Forward& f, int64_t first, float* v) {
  int64_t n = std::min(f.block, f.tiles() - first), apart = Forward::of_block(f.block, chunk);
  float* m = v + positions * f.apart;
  for (int64_t t = 0; t < n; t++) {
    const float* px[positions];
    f.pixels(first + t, f.x, f.C, 6, -1, f.nothing.data(), px);
    for (int64_t c = 0; c < f.C; c += I::lanes) transform_input<typename I::V>(px, c, v + t * f.C + c, f.apart);
  }
  for (int64_t k = 0; k < f.K; k += chunk) {
    for (int64_t p = 0; p < positions; p++)
      for (int64_t j = 0; j < chunk; j += I::columns) {
        const float* w = f.weights + (p * f.K + k + j) * f.C;
        for (int64_t r = 0; r < n; r += I::rows)
          product<I, I::rows>(f.C, v + p * f.apart + r * f.C, f.C, 1, w, m + p * apart + r * chunk + j, chunk, false);
      }
    for (int64_t t = 0; t < n; t++) scatter<I>(f, first + t, m + t * chunk, k);
  }
}

// Of a panel's columns of outputs, from the first on, all inputs' weights: at every
// position [inputs, columns].
template <class I>
GT_INLINE void weights_panel(const Filters& f, int64_t first, float* out) {
  typedef typename I::V V;
  for (int64_t c = 0; c < f.inputs; c++, out += I::columns)
    for (int64_t k = 0; k < I::columns; k += I::lanes) {
      V g[9], t[18], r[6];
      for (int tap = 0; tap < 9; tap++)
        for (int64_t l = 0; l < I::lanes; l++) g[tap][l] = f.of(first + k + l, c)[f.tap(tap)];
#pragma GCC unroll 1
      for (int j = 0; j < 3; j++) weight_column<V>(g[j], g[3 + j], g[6 + j], t + j, 3);
#pragma GCC unroll 1
      for (int i = 0; i < 6; i++) {
        weight_column<V>(t[3 * i], t[3 * i + 1], t[3 * i + 2], r, 1);
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) store(out + (6 * i + j) * f.outputs * f.inputs + k, r[j]);
      }
    }
}

struct Gradient : Grid {
  static constexpr int64_t group = 4;          // tiles, a multiple of which a product sums
  static constexpr int64_t memory = 64 << 20;  // bytes of a portion's tiles, transformed
  int64_t K, C, portion;
  const float *gy, *x;
  std::vector<float> nothing;

  Gradient(const at::Tensor& g, const at::Tensor& in)
      : Grid(in, side), K(g.size(1)), C(in.size(1)), portion(portion_of(positions * (K + C) * 4, memory, group)),
        gy(g.const_data_ptr<float>()), x(in.const_data_ptr<float>()), nothing(std::max(K, C)) {}
};

// A tile as row t of T of both operands: gradients d [36, K/16, T, 16], input
// v [36, C/columns, T, columns].
template <class I>
GT_INLINE void put_tile(const Gradient& g, int64_t tile, int64_t T, int64_t t, float* d, float* v) {
  typedef typename I::V V;
  const float* px[positions];
  g.pixels(tile, g.x, g.C, 6, -1, g.nothing.data(), px);
  for (int64_t c = 0; c < g.C; c += I::lanes)
    transform_input<V>(px, c, v + (c / I::columns * T + t) * I::columns + c % I::columns, g.C * T);
  g.pixels(tile, g.gy, g.K, 4, 0, g.nothing.data(), px);
  for (int64_t k = 0; k < g.K; k += I::lanes) {
    V a[24], r[6];
    float* to = d + (k / line * T + t) * line + k % line;
#pragma GCC unroll 1
    for (int j = 0; j < 4; j++)
      gradient_column<V>(load<V>(px[j] + k), load<V>(px[4 + j] + k), load<V>(px[8 + j] + k), load<V>(px[12 + j] + k), a + j, 4);
#pragma GCC unroll 1
    for (int i = 0; i < 6; i++) {
      gradient_column<V>(a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3], r, 1);
#pragma GCC unroll 6
      for (int j = 0; j < 6; j++) store(to + (6 * i + j) * g.K * T, r[j]);
    }
  }
}

// 64×64 of a position's sums m [K,C], from d [K/16, T, 16] and v [C/columns, T, columns].
template <class I>
GT_INLINE void sum_products(int64_t T, const float* d, const float* v, float* m, int64_t C, bool add) {
  for (int64_t j = 0; j < chunk; j += I::columns)
    for (int64_t i = 0; i < chunk; i += I::few)
      product<I, I::few>(T, d + i / line * T * line + i % line, 1, line, v + j * T, m + i * C + j, C, add);
}

// Gᵀ·m·G of a register of inputs, whose positions are step apart, to w [lanes,3,3].
template <class I>
GT_INLINE void transform_back(const float* m, int64_t step, float* w) {
  typedef typename I::V V;
  V t[18], taps[9];
#pragma GCC unroll 1
  for (int j = 0; j < 6; j++) {
    const float* p = m + j * step;
    back_column<V>(load<V>(p), load<V>(p + 6 * step), load<V>(p + 12 * step), load<V>(p + 18 * step),
                   load<V>(p + 24 * step), load<V>(p + 30 * step), t + j, 6);
  }
#pragma GCC unroll 1
  for (int i = 0; i < 3; i++)
    back_column<V>(t[6 * i], t[6 * i + 1], t[6 * i + 2], t[6 * i + 3], t[6 * i + 4], t[6 * i + 5], taps + 3 * i, 1);
  for (int64_t c = 0; c < I::lanes; c++)
    for (int p = 0; p < 9; p++) *w++ = taps[p][c];
}

// The kernels for registers of a kind.
struct Kernels {
  int64_t columns, rows;
  void (*panel)(const Filters& f, int64_t first, float* out);
  void (*forward)(const Forward& f, int64_t first, float* v);
  void (*put)(const Gradient& g, int64_t tile, int64_t T, int64_t t, float* d, float* v);
  void (*sum)(int64_t T, const float* d, const float* v, float* m, int64_t C, bool add);
  void (*back)(const float* m, int64_t step, int64_t C, float* w);
};

#define GT_KERNELS(I, TARGET)                                                                                     \
  {                                                                                                               \
    I::columns, I::rows,                                                                                          \
    [](const Filters& f, int64_t first, float* out) TARGET { weights_panel<I>(f, first, out); },                  \
    [](const Forward& f, int64_t first, float* v) TARGET { forward_block<I>(f, first, v); },                      \
    [](const Gradient& g, int64_t tile, int64_t T, int64_t t, float* d, float* v) TARGET {                        \
      put_tile<I>(g, tile, T, t, d, v);                                                                           \
    },                                                                                                            \
    [](int64_t T, const float* d, const float* v, float* m, int64_t C, bool add) TARGET {                         \
      sum_products<I>(T, d, v, m, C, add);                                                                        \
    },                                                                                                            \
    [](const float* m, int64_t step, int64_t C, float* w) TARGET {                                                \
      for (int64_t c = 0; c < C; c += I::lanes) transform_back<I>(m + c, step, w + 9 * c);                        \
    }                                                                                                             \
  }

const Kernels& kernels() {
  static const Kernels of_8 = GT_KERNELS(Eights, GT_AVX2), of_16 = GT_KERNELS(Sixteens, GT_AVX512);
  return vectors_of_16() ? of_16 : of_8;
}

}  // namespace

bool winograd_f32_fits(const at::Tensor& w) {
  int64_t K = w.size(0), C = w.size(1);
  // Transformed weights, and their gradients before they are transformed back, are 144
  // bytes for each pair of channels.
  return vectors_of_8() && K % chunk == 0 && C % 32 == 0 && K * C <= 1 << 20;
}

at::Tensor winograd_f32_weights(const at::Tensor& weights, bool turned) {
  Filters f(weights, turned);
  const Kernels& k = kernels();
  at::Tensor out = at::empty({positions, f.outputs / k.columns, f.inputs, k.columns}, f.w.options());
  float* to = out.data_ptr<float>();
  at::parallel_for(0, f.outputs / k.columns, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++) k.panel(f, i * k.columns, to + i * k.columns * f.inputs);
  });
  return out;
}

at::Tensor winograd_f32(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                        bool relu, bool pool) {
  int64_t C = x.size(1), K = bias.size(0);
  Grid grid(x, side);
  at::Tensor y = at::empty({grid.N, K, pool ? grid.H / 2 : grid.H, pool ? grid.W / 2 : grid.W},
                           x.options().memory_format(at::MemoryFormat::ChannelsLast));
  int64_t block = Forward::block_for(grid.tiles(), C, kernels().rows);
  Forward f{grid, C, K, block, Forward::of_block(block, C), x.const_data_ptr<float>(), weights.const_data_ptr<float>(),
            bias.const_data_ptr<float>(), added.defined() ? added.const_data_ptr<float>() : nullptr, y.data_ptr<float>(),
            relu, pool, std::vector<float>(C)};
  int64_t tasks = at::divup(grid.tiles(), block);
  share(tasks, [&](std::atomic<int64_t>& next) {
    static thread_local Lines lines;
    float* v = lines.numbers<float>(f.room());
    for (int64_t i; (i = next++) < tasks;) kernels().forward(f, i * block, v);
    lines.free_above(4 << 20);
  });
  return y;
}

at::Tensor winograd_f32_weight_gradient(const at::Tensor& gy, const at::Tensor& x) {
  Gradient g(gy, x);
  auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
  at::Tensor d = at::empty({positions * g.K * g.portion}, options), v = at::empty({positions * g.C * g.portion}, options);
  at::Tensor sums = at::empty({positions, g.K, g.C}, options), out = at::empty({g.K, g.C, 3, 3}, options);
  float *dp = d.data_ptr<float>(), *vp = v.data_ptr<float>(), *m = sums.data_ptr<float>(), *w = out.data_ptr<float>();
  const Kernels& kernel = kernels();
  for (int64_t from = 0; from < g.tiles(); from += g.portion) {
    int64_t T = std::min(g.portion, at::divup(g.tiles() - from, Gradient::group) * Gradient::group);
    at::parallel_for(0, T, 1, [&](int64_t a, int64_t b) {
      for (int64_t t = a; t < b; t++) kernel.put(g, from + t, T, t, dp, vp);
    });
    int64_t bands = g.K / chunk, panels = g.C / chunk, tasks = positions * bands * panels;
    share(tasks, [&](std::atomic<int64_t>& next) {
      for (int64_t task; (task = next++) < tasks;) {
        int64_t p = task / (bands * panels), i = task % bands * chunk, j = task / bands % panels * chunk;
        kernel.sum(T, dp + (p * g.K + i) * T, vp + (p * g.C + j) * T, m + (p * g.K + i) * g.C + j, g.C, from > 0);
      }
    });
  }
  at::parallel_for(0, g.K, 1, [&](int64_t a, int64_t b) {
    for (int64_t k = a; k < b; k++) kernel.back(m + k * g.C, g.K * g.C, g.C, w + 9 * k * g.C);
  });
  return out;
}

#else

bool winograd_f32_fits(const at::Tensor&) { return false; }
at::Tensor winograd_f32_weights(const at::Tensor& w, bool) { return w; }
at::Tensor winograd_f32(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool) {
  return x;
}
at::Tensor winograd_f32_weight_gradient(const at::Tensor&, const at::Tensor& x) { return x; }

#endif
