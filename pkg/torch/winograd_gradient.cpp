// The gradient of a 3×3 convolution by its weights with as few products as its
// forward pass (winograd.cpp): of Y = Aᵀ[(G·w·Gᵀ)⊙(Bᵀ·d·B)]A it is
// Gᵀ[Σ (A·gY·Aᵀ)⊙(Bᵀ·d·B)]G, summed over all tiles, so that at each of the 16
// positions there is one product [K, tiles]·[tiles, C].
//
// Both sides are transformed in float32 and rounded to bfloat16 once; sums are in
// float32. Tiles are taken a portion at a time, in order, so that what they are
// transformed to stays small, and the number of threads changes nothing.
#include "winograd.hpp"

#include "products.hpp"
#include "winograd_tiles.hpp"

#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t positions = 16, group = 32;  // tiles that are transformed at once
constexpr int64_t rows = 64, columns = 64;     // of a product
constexpr int64_t depth = 512;                 // tiles of a product
constexpr int64_t memory = 32 << 20;           // bytes of a portion's tiles, transformed

struct Tiles : Grid {
  int64_t K, C, portion;
  const uint16_t *gy, *x;
  std::vector<uint16_t> nothing;

  Tiles(const at::Tensor& g, const at::Tensor& in)
      : Grid(in, 2), K(g.size(1)), C(in.size(1)), portion(portion_of(positions * (K + C) * 2, memory, group)),
        gy(static_cast<const uint16_t*>(g.data_ptr())), x(static_cast<const uint16_t*>(in.data_ptr())),
        nothing(std::max(K, C)) {}
};

// A·g·Aᵀ of the 2×2 at px, 16 channels from c.
GT_BF16 void transform_gradient(const uint16_t* const* px, int64_t c, __m256i* out) {
  __m512 t[4][2];
  for (int j = 0; j < 2; j++) {
    __m512 a = load(px[j] + c), b = load(px[2 + j] + c);
    t[0][j] = a, t[1][j] = a + b, t[2][j] = a - b, t[3][j] = -b;
  }
  for (int i = 0; i < 4; i++, out += 4) {
    out[0] = round_down(t[i][0]), out[1] = round_down(t[i][0] + t[i][1]);
    out[2] = round_down(t[i][0] - t[i][1]), out[3] = round_down(-t[i][1]);
  }
}

// A group of tiles as rows of the second operand: [16, C/columns, T/2, columns, 2],
// of which v is at row first.
GT_BF16 void put_inputs(const Tiles& s, int64_t tile, int64_t T, int64_t first, uint32_t* v) {
  for (int64_t t = 0; t < group; t += 2) {
    const uint16_t* px[2][16];
    for (int i = 0; i < 2; i++) s.pixels(tile + t + i, s.x, s.C, 4, -1, s.nothing.data(), px[i]);
    for (int64_t c = 0; c < s.C; c += 16) {
      __m256i a[positions], b[positions];
      transform_input(px[0], c, a);
      transform_input(px[1], c, b);
      uint32_t* to = v + (c / columns * T + first + t) / 2 * columns + c % columns;
      for (int p = 0; p < positions; p++) _mm512_storeu_si512(to + p * s.C * T / 2, interleave(a[p], b[p]));
    }
  }
}

// A group of tiles' gradients as columns of the first operand: [16, K, T], of which
// d is at column first.
GT_BF16 void put_gradients(const Tiles& s, int64_t tile, int64_t T, int64_t first, uint16_t* d) {
  const uint16_t* px[group][4];
  for (int64_t t = 0; t < group; t++) s.pixels(tile + t, s.gy, s.K, 2, 0, s.nothing.data(), px[t]);
  for (int64_t k = 0; k < s.K; k += 16) {
    __m512i pairs[positions][16];
    for (int t = 0; t < 16; t++) {
      __m256i a[positions], b[positions];
      transform_gradient(px[2 * t], k, a);
      transform_gradient(px[2 * t + 1], k, b);
      for (int p = 0; p < positions; p++) pairs[p][t] = interleave(a[p], b[p]);
    }
    for (int p = 0; p < positions; p++) {
      transpose16(pairs[p]);
      for (int i = 0; i < 16; i++) _mm512_storeu_si512(d + (p * s.K + k + i) * T + first, pairs[p][i]);
    }
  }
}

// Gᵀ·m·G of 16 channels, whose positions are step apart, to w [16,3,3].
GT_BF16 void transform_back(const float* m, int64_t step, float* w) {
  const __m512 half = _mm512_set1_ps(0.5f);
  __m512 t[3][4];
  for (int j = 0; j < 4; j++) {
    __m512 a = _mm512_loadu_ps(m + j * step), b = _mm512_loadu_ps(m + (4 + j) * step),
           e = _mm512_loadu_ps(m + (8 + j) * step), f = _mm512_loadu_ps(m + (12 + j) * step);
    __m512 sum = half * (b + e);
    t[0][j] = a + sum, t[1][j] = half * (b - e), t[2][j] = sum + f;
  }
  float taps[9][16];
  for (int i = 0; i < 3; i++) {
    __m512 sum = half * (t[i][1] + t[i][2]);
    _mm512_storeu_ps(taps[3 * i], t[i][0] + sum);
    _mm512_storeu_ps(taps[3 * i + 1], half * (t[i][1] - t[i][2]));
    _mm512_storeu_ps(taps[3 * i + 2], sum + t[i][3]);
  }
  for (int c = 0; c < 16; c++)
    for (int p = 0; p < 9; p++) *w++ = taps[p][c];
}

}  // namespace

at::Tensor winograd_weight_gradient(const at::Tensor& gy, const at::Tensor& x) {
  Tiles s(gy, x);
  auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
  at::Tensor d = at::empty({positions * s.K * s.portion}, options), v = at::empty({positions * s.C * s.portion}, options);
  at::Tensor sums = at::empty({positions * s.K * s.C}, options.dtype(at::kFloat));
  at::Tensor out = at::empty({s.K, s.C, 3, 3}, options.dtype(at::kFloat));
  auto *dp = static_cast<bf16*>(d.data_ptr()), *vp = static_cast<bf16*>(v.data_ptr());
  float *m = sums.data_ptr<float>(), *w = out.data_ptr<float>();
  for (int64_t from = 0; from < s.tiles(); from += s.portion) {
    int64_t T = std::min(s.portion, round_up(s.tiles() - from, group));
    at::parallel_for(0, T / group, 1, [&](int64_t a, int64_t b) {
      for (int64_t t = a * group; t < b * group; t += group) {
        put_gradients(s, from + t, T, t, reinterpret_cast<uint16_t*>(dp));
        put_inputs(s, from + t, T, t, reinterpret_cast<uint32_t*>(vp));
      }
    });
    int64_t bands = s.K / rows, panels = s.C / columns;
    each(positions * bands * panels, [] { return 0; }, [&](int64_t task, int) {
      int64_t p = task / (bands * panels), i = task % bands * rows, j = task / bands % panels * columns;
      for (int64_t t = 0; t < T; t += depth)
        at::native::cpublas::brgemm(rows, columns, std::min(depth, T - t), T, columns, s.C, from + t > 0,
                                    dp + (p * s.K + i) * T + t, vp + (p * s.C + j) * T + t * columns,
                                    m + (p * s.K + i) * s.C + j, true);
    });
  }
  at::parallel_for(0, s.K, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a * s.C; i < b * s.C; i += 16) transform_back(m + i, s.K * s.C, w + 9 * i);
  });
  return out;
}

#else

at::Tensor winograd_weight_gradient(const at::Tensor&, const at::Tensor& x) { return x; }

#endif
