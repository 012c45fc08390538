// What kernels on matrix units (AMX) have in common.
#ifndef GOTUNE_MATRIX_UNITS_HPP
#define GOTUNE_MATRIX_UNITS_HPP

#include "avx512.hpp"
#include "lines.hpp"
#include "share.hpp"

#if defined(GT_AMX)
namespace {

// Tiles 0 to 5 have so many rows, of 64 bytes, and the others 16.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};

  explicit TileConfig(int64_t first) {
    for (int i = 0; i < 8; i++) bytes[i] = 64, rows[i] = static_cast<uint8_t>(i < 6 ? first : 16);
  }
};

// What is to be fetched into the core's own cache, a few lines at a time.
struct Ahead {
  const char *next = nullptr, *end = nullptr;
  int64_t lines = 0;

  // n numbers from p, within this many steps.
  void want(const uint16_t* p, int64_t n, int64_t steps) {
    next = reinterpret_cast<const char*>(p), end = reinterpret_cast<const char*>(p + n);
    lines = at::divup(at::divup(end - next, 64), steps);
  }
  void step() {
    for (int64_t i = 0; i < lines && next < end; i++, next += 64) __builtin_prefetch(next, 0, 2);
  }
};

}  // namespace
#endif
#endif
