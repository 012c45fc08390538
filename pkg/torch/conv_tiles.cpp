// 3×3 convolutions of stride 1 in bfloat16 on matrix units (AMX).
//
// A task is a strip: some rows of one image, or some images. Its pixels are copied to
// the core's own cache with the border of zeros around them, 32 channels at a time, so
// that 16 neighbours are the first operand of a product for each tap. Two tiles of
// pixels by two of 16 output channels stay in the units over all taps and channels;
// meanwhile the two before them get their bias, sum, ReLU and pooling on the way out.
// Memory beyond that cache answers too slowly to be waited for: what the next products
// need of it, weights and the next strip, is fetched ahead between these.
//
// Of three channels, a picture's, all nine taps lie side by side in the strip: one
// product. What it makes of them is 20 times as large as the picture, and need not go
// through memory: the next convolution's strip is made of it at once.
//
// Every sum is in float32 and in one order, whatever the number of threads.
#include "conv_tiles.hpp"

#include "filters.hpp"
#include "matrix_units.hpp"

#if defined(GT_AMX)
namespace {

constexpr int64_t side = 32;            // channels of a cell, in and out
constexpr int64_t half = 16;            // pixels, pairs of channels or outputs of a tile
constexpr int64_t block = side * side;  // weights of a tap of a cell, as two tiles
constexpr int64_t tile = half * side;   // numbers of two accumulators side by side

// Whether all taps of a pixel are one cell.
bool gathers(int64_t channels) { return channels == 3; }

// How images [N,C,H,W] are cut. A tile is of width pixels of a row or, where rows are
// short, of two rows; there are 2·deep rows in two tiles, across pairs of them in a row,
// and rows in a strip. In the strip a row is pitch pixels, of which the first border are
// zeros; side channels of all of them are a plane. Of gathered pixels a plane holds every
// tap, and no border is needed. Where there are few strips, each is multiplied by some of
// the outputs at a time.
struct Strips {
  int64_t N, H, W, C, K, border, deep, across, width, pitch, images, rows, plane, outputs;

  // Of x's images, but with c channels.
  Strips(const at::Tensor& x, int64_t c, int64_t k)
      : N(x.size(0)), H(x.size(2)), W(x.size(3)), C(c), K(k), border(gathers(C) ? 0 : 1),
        deep(W < half / 2 ? 2 : 1), across(at::divup(W, half)), width(at::divup(W, across)), pitch(W + border) {
    if (W % 2 == 0) width += width % 2;  // pooling takes pixels by twos
    if (deep == 2) width = pitch + W;
    // Either all weights stay in a cache of 2 MiB and a strip beside them, or the strip
    // and the weights of the outputs that it is multiplied by, and the next.
    int64_t memory = panel() * (K / side) * 2 <= 5 << 18 ? 1 << 19 : 1 << 20, step = 2 * deep;
    int64_t most = memory / (pitch * cells() * side * 2);
    if (most >= H + 2) {
      rows = at::divup(H, step) * step;
      images = at::divup(N, at::divup(N, std::min(N, most / (H + 2))));
    } else {
      int64_t strips = at::divup(H, std::max<int64_t>((most - 2) / step, 1) * step);
      rows = at::divup(at::divup(H, strips), step) * step;
      images = 1;
    }
    plane = (images * height() * pitch + border) * side;  // and the zero behind the last row
    int64_t wanted = 4 * at::get_num_threads();           // tasks, so that none waits long for the last
    outputs = at::divup(K / side, std::min(K / side, at::divup(wanted, strips()))) * side;
  }

  int64_t in_image() const { return at::divup(H, rows); }
  int64_t strips() const { return at::divup(N, images) * in_image(); }
  int64_t tasks() const { return strips() * at::divup(K, outputs); }
  int64_t cells() const { return at::divup(C, side); }
  int64_t span() const { return 1 + 2 * border; }                      // of the taps, either way
  int64_t height() const { return rows + 2 * border; }                 // of an image in the strip
  int64_t panel() const { return cells() * span() * span() * block; }  // weights of side outputs
  int64_t line() const { return W * C + side; }                        // a row that is gathered, and zeros
  int64_t buffer() const { return cells() * plane + (border ? 0 : at::divup(3 * line(), side) * side); }
};

// The images, rows and outputs of a task.
struct Range {
  int64_t first, end, top, bottom, from, to;

  Range(const Strips& s, int64_t task)
      : first(task % s.strips() / s.in_image() * s.images), end(std::min(s.N, first + s.images)),
        top(task % s.in_image() * s.rows), bottom(std::min(s.H, top + s.rows)), from(task / s.strips() * s.outputs),
        to(std::min(s.K, from + s.outputs)) {}
  // All outputs of some rows of an image.
  Range(int64_t n, int64_t top, int64_t bottom, int64_t K)
      : first(n), end(n + 1), top(top), bottom(bottom), from(0), to(K) {}
};

// Sums of side outputs at some pixels, on their way to the result.
struct Sums {
  alignas(64) float of[2 * tile];
  const float* from[side];
  uint16_t* to[side];
  int64_t n = 0, at = 0;
  const float* bias;
  const uint16_t* result;
  const uint16_t* added;  // or null; as the result
  int64_t below;          // from a pixel to the one below, where they are pooled, or 0
  bool relu;

  void put(const float* sums, uint16_t* y) {
    __builtin_prefetch(y, 1);
    from[n] = sums, to[n++] = y;
  }

  GT_AMX __m512 finish(const float* p, int64_t first, const uint16_t* y) const {
    __m512 v = _mm512_loadu_ps(p + first);
    if (below) {
      __m512 right = _mm512_loadu_ps(p + side + first), down = _mm512_loadu_ps(p + below + first);
      v = larger(larger(v, right), larger(down, _mm512_loadu_ps(p + below + side + first)));
    }
    v += _mm512_loadu_ps(bias + first);
    if (added) v += load(added + (y - result) + first);
    return relu ? _mm512_max_ps(_mm512_setzero_ps(), v) : v;  // NaN stays: it is the second
  }

  GT_AMX inline __attribute__((always_inline)) void drain(int64_t most) {
    for (; most > 0 && at < n; most--, at++) {
      __m512 low = finish(from[at], 0, to[at]), high = finish(from[at], half, to[at]);
      _mm512_storeu_si512(to[at], (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
  }
};

// The zeros around a strip's pixels: beside and behind its rows, and where there are none.
GT_AMX void clear_border(const Strips& s, const Range& r, uint16_t* to) {
  const __m512i zero = _mm512_setzero_si512();
  for (int64_t c = 0; c < s.cells(); c++, to += s.plane) {
    uint16_t* row = to;
    for (int64_t n = r.first; n < r.end; n++)
      for (int64_t i = r.top - 1; i <= r.top + s.rows; i++, row += s.pitch * side)
        for (int64_t j = 0; j < (i >= 0 && i < s.H ? 1 : s.pitch); j++) _mm512_storeu_si512(row + j * side, zero);
    _mm512_storeu_si512(row, zero);
  }
}

// Pixels of a strip, planes of side channels.
GT_AMX void copy_planes(const Strips& s, const uint16_t* x, const Range& r, uint16_t* to) {
  clear_border(s, r, to);
  for (int64_t n = r.first; n < r.end; n++)
    for (int64_t i = std::max<int64_t>(r.top - 1, 0); i <= std::min(r.top + s.rows, s.H - 1); i++) {
      uint16_t* row = to + ((n - r.first) * s.height() + i - r.top + 1) * s.pitch * side;
      const uint16_t* from = x + (n * s.H + i) * s.W * s.C;
      for (int64_t j = 0; j < s.W; j++)
        for (int64_t c = 0; c < s.cells(); c++)
          _mm512_storeu_si512(row + c * s.plane + (j + 1) * side, _mm512_loadu_si512(from + j * s.C + c * side));
    }
}

// Pixels of three channels with their neighbours: by rows, of each row three pixels.
GT_AMX void gather(const Strips& s, const uint16_t* x, const Range& r, uint16_t* to) {
  const __m512i take = _mm512_setr_epi32(0x10000, 0x30002, 0x50004, 0x70006, 0x100008, 0x120011, 0x140013, 0x160015, 0x180017,
                                         0x210020, 0x230022, 0x250024, 0x270026, 0x28, 0, 0);
  constexpr __mmask32 all = (1u << 27) - 1;
  int64_t numbers = s.W * s.C, line = s.line();
  uint16_t* rows = to + s.plane;
  std::fill_n(rows, 3 * line, 0);
  for (int64_t n = r.first; n < r.end; n++)
    for (int64_t i = r.top; i < r.top + s.rows; i++, to += s.pitch * side) {
      for (int64_t a = 0; a < 3; a++) {
        uint16_t* row = rows + a * line + s.C;
        int64_t at = i + a - 1;
        if (at < 0 || at >= s.H)
          std::fill_n(row, numbers, 0);
        else
          std::copy_n(x + (n * s.H + at) * numbers, numbers, row);
      }
      for (int64_t j = 0; j < s.W; j++) {
        const uint16_t* p = rows + j * s.C;
        __m512i top = _mm512_inserti64x4(_mm512_castsi256_si512(words_at(p)), words_at(p + line), 1);
        __m512i low = _mm512_castsi256_si512(words_at(p + 2 * line));
        _mm512_storeu_si512(to + j * side, _mm512_maskz_permutex2var_epi16(all, top, take, low));
      }
    }
}

// The sums of two tiles of pixels, whose upper left neighbours begin at a and down
// beyond it, by the panel at b; sums of the pair before leave meanwhile.
GT_AMX void multiply(const Strips& s, const uint16_t* a, int64_t down, const uint16_t* b, Sums& sums, int64_t leave,
                     Ahead& weights, Ahead& pixels) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t c = 0; c < s.cells(); c++, a += s.plane)
    for (int64_t i = 0; i < s.span(); i++) {
      const uint16_t* p = a + i * s.pitch * side;
      for (int64_t j = 0; j < s.span(); j++, p += side, b += block) {
        _tile_loadd(6, b, 64);
        _tile_loadd(4, p, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + tile, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, p + down, 64);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
        sums.drain(leave);
        weights.step();
        pixels.step();
      }
    }
  sums.drain(side);
  _tile_stored(0, sums.of, 128);
  _tile_stored(1, sums.of + half, 128);
  _tile_stored(2, sums.of + tile, 128);
  _tile_stored(3, sums.of + tile + half, 128);
}

// Where results go: how many numbers images, rows, pixels and side outputs are apart.
struct Place {
  uint16_t* y;
  int64_t image, row, pixel, cell;

  uint16_t* at(int64_t n, int64_t i, int64_t j, int64_t k) const {
    return y + n * image + i * row + j * pixel + k / side * cell;
  }
};

struct Work {
  Strips s;
  const uint16_t *x, *weights, *added;
  const float* bias;
  uint16_t* y;
  bool relu, pool;
  const Work* before = nullptr;  // whose result x is: it is made a strip at a time

  Place result() const {
    int64_t step = pool ? 2 : 1, row = s.W / step * s.K;
    return {y, s.H / step * row, row, s.K, side};
  }

  // Sums that begin anew.
  Sums sums() const {
    Sums out;
    out.result = y, out.added = added, out.relu = relu;
    out.below = !pool ? 0 : s.deep == 2 ? s.pitch * side : tile;
    return out;
  }

  // The pixels, from row i and column j, that sums are of.
  void put(int64_t n, int64_t i, int64_t j, int64_t k, const Range& r, const Place& to, Sums& sums) const {
    sums.n = sums.at = 0;
    sums.bias = bias + k;
    int64_t step = pool ? 2 : 1, wide = s.deep == 2 ? s.W : s.width;
    for (int64_t a = 0; a < 2 * s.deep && i + a < r.bottom; a += step)
      for (int64_t b = 0; b < wide; b += step)
        sums.put(sums.of + a / s.deep * tile + (a % s.deep * s.pitch + b) * side, to.at(n, (i + a) / step, (j + b) / step, k));
  }

  int64_t steps() const { return s.panel() / block; }

  // side outputs, from k, of a strip.
  GT_AMX void multiply_panel(int64_t k, const Range& r, const uint16_t* strip, const Place& to, Sums& sums,
                             Ahead& weights_ahead, Ahead& pixels_ahead) const {
    int64_t leave = at::divup(pool ? side / 4 : side, steps());
    for (int64_t n = r.first; n < r.end; n++)
      for (int64_t i = r.top; i < r.bottom; i += 2 * s.deep)
        for (int64_t q = 0; q < s.across; q++) {
          int64_t j = s.deep == 2 ? 0 : std::min(q * s.width, s.W - s.width);  // the last ones may overlap
          const uint16_t* a = strip + (((n - r.first) * s.height() + i - r.top) * s.pitch + j) * side;
          multiply(s, a, s.deep * s.pitch * side, weights + k / side * s.panel(), sums, leave, weights_ahead, pixels_ahead);
          put(n, i, j, k, r, to, sums);
        }
  }

  // What before makes of the pixels of a strip, two rows at a time, planes of side channels.
  GT_AMX void make_planes(const Range& r, uint16_t* to, uint16_t* rows) const {
    const Strips& b = before->s;
    int64_t row = s.pitch * side;
    Sums sums = before->sums();
    Ahead none;
    clear_border(s, r, to);
    for (int64_t n = r.first; n < r.end; n++) {
      Place place{to + ((n - r.first) * s.height() - r.top + 1) * row + side, 0, row, side, s.plane};
      for (int64_t i = std::max<int64_t>(r.top - 1, 0), bottom = std::min(r.bottom + 1, s.H); i < bottom; i += b.rows) {
        Range part(n, i, std::min(i + b.rows, bottom), b.K);
        gather(b, before->x, part, rows);
        asm volatile("" ::: "memory");  // compilers do not see what tiles read
        for (int64_t k = 0; k < b.K; k += side) before->multiply_panel(k, part, rows, place, sums, none, none);
        sums.drain(side);
      }
    }
  }

  void fetch(int64_t task, int64_t steps, Ahead& pixels) const {
    if (task >= s.tasks()) return pixels.want(x, 0, 1);
    Range r(s, task);
    int64_t from = r.first * s.H + std::max<int64_t>(r.top - 1, 0), to = (r.end - 1) * s.H + std::min(s.H, r.bottom + 1);
    pixels.want(x + from * s.W * s.C, (to - from) * s.W * s.C, steps);
  }

  GT_AMX void run(int64_t task, int64_t next, uint16_t* strip, Sums& sums) const {
    Range r(s, task);
    if (before)
      make_planes(r, strip, strip + s.buffer());
    else
      gathers(s.C) ? gather(s, x, r, strip) : copy_planes(s, x, r, strip);
    asm volatile("" ::: "memory");  // compilers do not see what tiles read
    int64_t pairs = (r.end - r.first) * at::divup(r.bottom - r.top, 2 * s.deep) * s.across;
    Ahead weights_ahead, pixels_ahead;
    if (!before) fetch(next, pairs * steps() * ((r.to - r.from) / side), pixels_ahead);
    for (int64_t k = r.from; k < r.to; k += side) {
      int64_t then = k + side < r.to ? k + side : Range(s, next).from;
      weights_ahead.want(weights + then / side * s.panel(), then < s.K ? s.panel() : 0, pairs * steps());
      multiply_panel(k, r, strip, result(), sums, weights_ahead, pixels_ahead);
    }
    sums.drain(side);
  }

  GT_AMX void all(std::atomic<int64_t>& next) const {
    static thread_local Lines lines;
    auto* strip = lines.numbers<uint16_t>(s.buffer() + (before ? before->s.buffer() : 0));
    Sums sums = this->sums();
    TileConfig config(s.width);
    asm volatile("" ::: "memory");  // GCC's header says that 8 bytes of it are read
    _tile_loadconfig(&config);
    for (int64_t task = next++, then; task < s.tasks(); task = then) {
      then = next++;
      run(task, then, strip, sums);
    }
    _tile_release();
    lines.free_above(4 << 20);  // of rows wider than VGG's
  }
};

uint16_t* data(const at::Tensor& t) { return t.defined() ? static_cast<uint16_t*>(t.data_ptr()) : nullptr; }

at::Tensor result_of(const Strips& s, const at::Tensor& x, bool pool) {
  int64_t step = pool ? 2 : 1;
  return at::empty({s.N, s.K, s.H / step, s.W / step}, x.options().memory_format(at::MemoryFormat::ChannelsLast));
}

// Where the inputs of a product are: so many numbers from an output's first, or nowhere, -1.
struct Inputs {
  int64_t at[side];

  Inputs(const Filters& f, int64_t from, int64_t tap) {
    for (int64_t i = 0; i < side; i++) {
      if (!gathers(f.inputs))
        at[i] = (from + i) * f.of_input + f.tap(tap);
      else
        at[i] = i < 9 * f.inputs ? i % f.inputs * f.of_input + f.tap(i / f.inputs) : -1;
    }
  }
};

// One input of 16 outputs.
GT_AMX inline __m256i weights_at(const float* w, __m512i outputs, int64_t at) {
  return at < 0 ? _mm256_setzero_si256() : round_down(_mm512_i32gather_ps(outputs, w + at, 4));
}

// side outputs, from the first on, of all inputs.
GT_AMX void pack_panel(const Filters& f, int64_t first, uint16_t* to) {
  const __m512i outputs = offsets(f.of_output);
  for (int64_t c = 0; c < f.inputs; c += side)
    for (int64_t tap = 0; tap < (gathers(f.inputs) ? 1 : 9); tap++) {
      Inputs in(f, c, tap);
      for (int64_t k = 0; k < side; k += half)
        for (int64_t i = 0; i < side; i += 2, to += side) {
          const float* w = f.of(first + k, 0);
          _mm512_storeu_si512(to, interleave(weights_at(w, outputs, in.at[i]), weights_at(w, outputs, in.at[i + 1])));
        }
    }
}

}  // namespace

bool tiles_fit(const at::Tensor& w) {
  return w.size(0) % side == 0 && (w.size(1) % side == 0 || gathers(w.size(1))) &&
         w.size(0) * w.size(1) < 1 << 26;  // gathers count numbers in 32 bits
}

at::Tensor tiles_weights(const at::Tensor& weights, bool turned) {
  Filters f(weights, turned);
  at::Tensor out = at::empty({f.outputs / side, at::divup(f.inputs, side), gathers(f.inputs) ? 1 : 9, 2, half, half, 2},
                             f.w.options().dtype(at::kBFloat16));
  auto* to = static_cast<uint16_t*>(out.data_ptr());
  at::parallel_for(0, f.outputs / side, 1, [&](int64_t a, int64_t b) {
    for (int64_t i = a; i < b; i++) pack_panel(f, i * side, to + i * out.stride(0));
  });
  return out;
}

at::Tensor tiles_convolve(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias, const at::Tensor& added,
                          bool relu, bool pool) {
  Strips s(x, x.size(1), bias.size(0));
  at::Tensor y = result_of(s, x, pool);
  Work w{s, data(x), data(weights), data(added), bias.data_ptr<float>(), data(y), relu, pool};
  share(s.tasks(), [&](std::atomic<int64_t>& next) { w.all(next); });
  return y;
}

bool tiles_fit_pair(const at::Tensor& x, const at::Tensor& first, const at::Tensor& second) {
  // Rows are not so short that tiles hold two of them: tiles of both are of one width.
  return gathers(first.size(1)) && second.size(1) == first.size(0) && x.size(3) >= half / 2;
}

at::Tensor tiles_convolve_pair(const at::Tensor& x, const at::Tensor& weights, const at::Tensor& bias,
                               const at::Tensor& weights2, const at::Tensor& bias2, bool pool) {
  Strips first(x, x.size(1), bias.size(0)), second(x, first.K, bias2.size(0));
  first.rows = 2, first.plane = first.rows * first.pitch * side;  // it is run two rows at a time
  second.outputs = second.K;                                      // of a task: else the first would be made for each
  at::Tensor y = result_of(second, x, pool);
  Work w{first, data(x), data(weights), nullptr, bias.data_ptr<float>(), nullptr, true, false};
  Work w2{second, nullptr, data(weights2), nullptr, bias2.data_ptr<float>(), data(y), true, pool, &w};
  share(second.tasks(), [&](std::atomic<int64_t>& next) { w2.all(next); });
  return y;
}

#else

bool tiles_fit(const at::Tensor&) { return false; }
at::Tensor tiles_weights(const at::Tensor& w, bool) { return w; }
at::Tensor tiles_convolve(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, bool, bool) { return x; }
bool tiles_fit_pair(const at::Tensor&, const at::Tensor&, const at::Tensor&) { return false; }
at::Tensor tiles_convolve_pair(const at::Tensor& x, const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&, bool) {
  return x;
}

#endif
