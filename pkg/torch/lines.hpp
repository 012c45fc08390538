// Memory that a thread keeps for its tasks.
#ifndef GOTUNE_LINES_HPP
#define GOTUNE_LINES_HPP

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

// Whole cache lines: new pages would have to be cleared for each task.
struct Lines {
  struct alignas(64) Line {
    char of[64];
  };
  std::vector<Line> of;

  // Room for n numbers, which are not cleared.
  template <class E>
  E* numbers(int64_t n) {
    of.resize(std::max<size_t>(of.size(), at::divup(n * static_cast<int64_t>(sizeof(E)), 64)));
    return reinterpret_cast<E*>(of.data());
  }
  // Gives back what is more than so many bytes.
  void free_above(size_t bytes) {
    if (of.size() * sizeof(Line) > bytes) std::vector<Line>().swap(of);
  }
};

}  // namespace

#endif
