// The gradient of a 3×3 convolution by its weights on matrix units: a product of
// gradient and input for each of the nine taps, over all pixels of the batch.
//
// oneDNN's own goes row by row, which leaves the units idle where rows are short.
// Here pixels lie one after the other with a zero behind each row and a row of zeros
// behind each image, so a tap is a distance in one dimension. Products take their
// second operand, the input, by pairs of pixels. A tap an odd number of pixels away
// finds its pairs by beginning a pixel earlier in the first operand.
//
// A task is the taps of 64 by 64 channels, or, where there are few of those, by 16. Of a chunk of pixels both operands are in
// the core's own cache, and what it needs next is fetched meanwhile. All taps of like
// distance, odd or even, are multiplied at once: they read the same pixels, a few rows
// apart, while the nearest cache holds them.
//
// Sums are in float32, over chunks of pixels in order, so the number of threads
// changes nothing.
#include "convolve.hpp"

#include "matrix_units.hpp"

#if defined(GT_AMX)
namespace {

constexpr int64_t taps = 9;
constexpr int64_t side = 64;                   // channels of a task, of either operand
constexpr int64_t half = 16, deep = 32;        // channels and pixels of a tile
constexpr int64_t tile = half * half;          // sums of a tap
constexpr int64_t job = taps * tile;           // of all taps of 16 by 16 channels
constexpr int64_t jobs = side / half;          // either way, of a task
constexpr int64_t memory = 48 << 20;           // bytes of what is laid out at once

// What both operands share. Chunks are of depth pixels. Of the gradient, rows begin
// deep pixels earlier; of the input, halo more on either side are laid out.
struct Pixels {
  int64_t H, W, K, C, pitch, total, halo, depth;
  const uint16_t *gy, *x;
  std::vector<uint16_t> nothing;

  Pixels(const at::Tensor& g, const at::Tensor& in)
      : H(in.size(2)), W(in.size(3)), K(g.size(1)), C(in.size(1)), pitch(W + 1), total(in.size(0) * (H + 1) * pitch),
        halo(at::divup(pitch + 2, 2) * 2), gy(static_cast<const uint16_t*>(g.data_ptr())),
        x(static_cast<const uint16_t*>(in.data_ptr())), nothing(std::max(K, C)) {
    depth = at::divup(at::divup(total, at::divup(total, 1920)), deep) * deep;
  }
  int64_t chunks() const { return at::divup(total, depth); }
  int64_t row() const { return ((depth / deep + 1) | 1) * deep; }  // an odd number of lines: rows in different cache sets
  int64_t pairs() const { return depth / 2 + halo; }
  int64_t band() const { return side * row(); }         // of a chunk's gradients, side channels
  int64_t panel() const { return side * 2 * pairs(); }  // of its inputs

  const uint16_t* at(const uint16_t* t, int64_t channels, int64_t pixel) const {
    if (pixel < 0 || pixel >= total) return nothing.data();
    int64_t j = pixel % pitch, i = pixel / pitch % (H + 1), n = pixel / pitch / (H + 1);
    return j < W && i < H ? t + ((n * H + i) * W + j) * channels : nothing.data();
  }
};

// Some of a chunk's pixels of the gradient, from and to multiples of deep, as rows of
// first operands [64, row], the next 64 channels' step further.
GT_BF16 void put_gradients(const Pixels& s, int64_t chunk, int64_t from, int64_t to, uint16_t* a, int64_t step) {
  for (int64_t t = from; t < to; t += deep) {
    const uint16_t* px[deep];
    for (int64_t i = 0; i < deep; i++) px[i] = s.at(s.gy, s.K, chunk * s.depth + t - deep + i);
    for (int64_t k = 0; k < s.K; k += half) {
      __m512i r[half];
      for (int64_t i = 0; i < half; i++) r[i] = interleave(words_at(px[2 * i] + k), words_at(px[2 * i + 1] + k));
      transpose16(r);
      for (int64_t i = 0; i < half; i++) _mm512_storeu_si512(a + k / side * step + (k % side + i) * s.row() + t, r[i]);
    }
  }
}

// Some of a chunk's pairs of the input as second operands [4, pairs, 16, 2], the next
// 64 channels' step further.
GT_BF16 void put_inputs(const Pixels& s, int64_t chunk, int64_t from, int64_t to, uint16_t* b, int64_t step) {
  for (int64_t t = from; t < to; t++) {
    int64_t pixel = chunk * s.depth - s.halo + 2 * t;
    const uint16_t *first = s.at(s.x, s.C, pixel), *second = s.at(s.x, s.C, pixel + 1);
    for (int64_t c = 0; c < s.C; c += half)
      _mm512_storeu_si512(b + c / side * step + (c % side / half * s.pairs() + t) * deep,
                          interleave(words_at(first + c), words_at(second + c)));
  }
}

// The taps of like distance, and where in the input a chunk's first pairs of each lie.
struct Taps {
  int64_t n = 0, tap[6], at[6];

  Taps(const Pixels& s, int64_t odd) {
    for (int64_t t = 0; t < taps; t++) {
      int64_t away = (t / 3 - 1) * s.pitch + t % 3 - 1;
      if ((away & 1) == odd) tap[n] = t, at[n++] = (away - odd + s.halo) / 2 * deep;
    }
  }
};

#define GT_OPEN(i)                                     \
  do {                                                 \
    if (add)                                           \
      _tile_loadd(i, sums + t.tap[i] * tile, 64);      \
    else                                               \
      _tile_zero(i);                                   \
  } while (0)
#define GT_TAP(i)                    \
  do {                               \
    _tile_loadd(6, b + t.at[i], 64); \
    _tile_dpbf16ps(i, 7, 6);         \
  } while (0)
#define GT_CLOSE(i) _tile_stored(i, sums + t.tap[i] * tile, 64)
// The intrinsics want a tile's number spelled out.
#define GT_EACH(of)             \
  of(0);                        \
  of(1);                        \
  of(2);                        \
  if constexpr (n > 3) of(3);   \
  if constexpr (n > 4) of(4);   \
  if constexpr (n > 5) of(5)

// The sums of 16 channels of the gradient at a, from row to row, by 16 of the input at b
// for n taps.
template <int n>
GT_AMX void multiply(const Taps& t, const uint16_t* a, int64_t row, const uint16_t* b, int64_t steps, bool add,
                     float* sums, Ahead& first, Ahead& second) {
  GT_EACH(GT_OPEN);
  for (; steps > 0; steps--, a += deep, b += half * deep) {
    _tile_loadd(7, a, row * 2);
    GT_EACH(GT_TAP);
    first.step();
    second.step();
  }
  GT_EACH(GT_CLOSE);
}

// All taps of 16 by 16 channels to 16 rows of weights [C,3,3].
GT_BF16 void gather_taps(const float* sums, float* to, int64_t row) {
  __m512i from[taps];  // where the numbers of a row are, in their order there
  for (int64_t i = 0; i < taps; i++) {
    int32_t at[half];
    for (int64_t e = 0; e < half; e++) at[e] = static_cast<int32_t>((i * half + e) % taps * tile + (i * half + e) / taps);
    from[i] = _mm512_loadu_si512(at);
  }
  for (int64_t k = 0; k < half; k++)
    for (int64_t i = 0; i < taps; i++) _mm512_storeu_ps(to + k * row + i * half, _mm512_i32gather_ps(from[i], sums + k * half, 4));
}

struct Work {
  Pixels s;
  Taps even, odd;
  uint16_t *a, *b;        // a portion's gradients [bands, portion, band] and inputs [panels, portion, panel]
  float *sums, *weights;  // sums of every task, or null where a thread's own do
  int64_t portion;

  Work(const at::Tensor& gy, const at::Tensor& x) : s(gy, x), even(s, 0), odd(s, 1) {}
  int64_t bands() const { return s.K / side; }
  int64_t panels() const { return s.C / side; }
  int64_t parts() const { return bands() * panels() < 16 ? jobs : 1; }  // of a panel, each a task
  int64_t tasks() const { return bands() * panels() * parts(); }
  int64_t columns() const { return jobs / parts(); }       // of 16 of the input's channels, in a task
  int64_t numbers() const { return columns() * jobs * job; }  // sums of a task

  // Lays out n chunks from the first.
  void lay_out(int64_t first, int64_t n) const {
    constexpr int64_t pieces = 4;
    share(2 * pieces * n, [&](std::atomic<int64_t>& next) {
      for (int64_t i; (i = next++) < 2 * pieces * n;) {
        int64_t chunk = i / 2 / pieces, piece = i / 2 % pieces;
        if (i % 2) {
          int64_t tiles = s.depth / deep + 1;
          put_gradients(s, first + chunk, piece * tiles / pieces * deep, (piece + 1) * tiles / pieces * deep,
                        a + chunk * s.band(), portion * s.band());
        } else {
          put_inputs(s, first + chunk, piece * s.pairs() / pieces, (piece + 1) * s.pairs() / pieces,
                     b + chunk * s.panel(), portion * s.panel());
        }
      }
    });
  }

  int64_t inputs() const { return s.panel() / parts(); }  // of a chunk, for a task

  const uint16_t* gradients_at(int64_t task, int64_t chunk) const {
    return a + (task % bands() * portion + chunk) * s.band();
  }
  const uint16_t* inputs_at(int64_t task, int64_t chunk) const {
    int64_t part = task / bands();
    return b + (part / parts() * portion + chunk) * s.panel() + part % parts() * inputs();
  }

  // Both distances of a chunk for a task; what is needed next is fetched meanwhile.
  GT_AMX void multiply_chunk(const uint16_t* a, const uint16_t* b, bool add, float* to, Ahead& first, Ahead& second) const {
    int64_t steps = s.depth / deep;
    for (int64_t c = 0; c < columns(); c++)
      for (int64_t k = 0; k < jobs; k++, to += job) {
        const uint16_t *rows = a + k * half * s.row() + deep, *columns = b + c * s.pairs() * deep;
        if (even.n == 5) {
          multiply<5>(even, rows, s.row(), columns, steps, add, to, first, second);
          multiply<4>(odd, rows - 1, s.row(), columns, steps, add, to, first, second);
        } else {
          multiply<3>(even, rows, s.row(), columns, steps, add, to, first, second);
          multiply<6>(odd, rows - 1, s.row(), columns, steps, add, to, first, second);
        }
      }
  }

  // All tasks over n chunks from the first, of which the last are the batch's, or not.
  GT_AMX void all(int64_t first, int64_t n, std::atomic<int64_t>& next) const {
    static thread_local Lines lines;
    float* own = sums ? nullptr : lines.numbers<float>(numbers());
    TileConfig config(half);
    asm volatile("" ::: "memory");  // GCC's header says that 8 bytes of it are read
    _tile_loadconfig(&config);
    Ahead a_ahead, b_ahead;
    int64_t steps = 2 * columns() * jobs * (s.depth / deep);
    for (int64_t task = next++, then; task < tasks(); task = then) {
      then = next++;
      float* to = own ? own : sums + task * numbers();
      for (int64_t c = 0; c < n; c++) {
        int64_t coming = c + 1 < n ? task : then, chunk = c + 1 < n ? c + 1 : 0;
        a_ahead.want(gradients_at(coming, chunk), coming < tasks() ? s.band() : 0, steps);
        b_ahead.want(inputs_at(coming, chunk), coming < tasks() ? inputs() : 0, steps);
        multiply_chunk(gradients_at(task, c), inputs_at(task, c), first + c > 0, to, a_ahead, b_ahead);
      }
      if (first + n < s.chunks()) continue;
      asm volatile("" ::: "memory");  // compilers do not see what tiles write
      float* w = weights + (task % bands() * side * s.C + task / bands() * columns() * half) * taps;
      for (int64_t i = 0; i < columns() * jobs; i++)
        gather_taps(to + i * job, w + (i % jobs * half * s.C + i / jobs * half) * taps, s.C * taps);
    }
    _tile_release();
  }
};

}  // namespace

bool taps_fit(const at::Tensor& w) {
  bool fits = w.size(0) % side == 0 && w.size(1) % side == 0;
  return fits && matrix_units() && w.size(0) * w.size(1) >= 4 * side * side;
}

at::Tensor taps_weight_gradient(const at::Tensor& gy, const at::Tensor& x) {
  Work w(gy, x);
  const Pixels& s = w.s;
  w.portion = std::clamp<int64_t>(memory / 2 / (w.bands() * s.band() + w.panels() * s.panel()), 1, s.chunks());
  auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
  at::Tensor a = at::empty({w.bands() * w.portion * s.band()}, options);
  at::Tensor b = at::empty({w.panels() * w.portion * s.panel()}, options);
  at::Tensor sums = at::empty({w.portion < s.chunks() ? taps * s.K * s.C : 0}, options.dtype(at::kFloat));
  at::Tensor out = at::empty({s.K, s.C, 3, 3}, options.dtype(at::kFloat));
  w.a = static_cast<uint16_t*>(a.data_ptr()), w.b = static_cast<uint16_t*>(b.data_ptr());
  w.sums = sums.numel() ? sums.data_ptr<float>() : nullptr, w.weights = out.data_ptr<float>();
  for (int64_t from = 0; from < s.chunks(); from += w.portion) {
    int64_t n = std::min(w.portion, s.chunks() - from);
    w.lay_out(from, n);
    share(w.tasks(), [&](std::atomic<int64_t>& next) { w.all(from, n, next); });
  }
  return out;
}

#else

bool taps_fit(const at::Tensor&) { return false; }
at::Tensor taps_weight_gradient(const at::Tensor&, const at::Tensor& x) { return x; }

#endif

#if defined(__x86_64__)

at::Tensor channel_sums(const at::Tensor& gy) {
  constexpr int64_t most = 4096;  // pixels that one float32 sums
  int64_t K = gy.size(1), pixels = gy.numel() / K, parts = at::divup(pixels, most);
  at::Tensor sums = at::empty({parts, K}, gy.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
  at::parallel_for(0, parts, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++)
      sum_columns(static_cast<const uint16_t*>(gy.data_ptr()) + i * most * K, K, std::min(most, pixels - i * most), K,
                  sums.data_ptr<float>() + i * K);
  });
  return sums.sum(0);
}

#else

at::Tensor channel_sums(const at::Tensor& gy) { return gy; }

#endif
