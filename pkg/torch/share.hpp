// Tasks shared by threads.
#ifndef GOTUNE_SHARE_HPP
#define GOTUNE_SHARE_HPP

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>

namespace {

// Runs all(next) on each thread, which takes tasks below n from next as it gets free.
template <class F>
void share(int64_t n, F&& all) {
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(n, at::get_num_threads()), 1, [&](int64_t a, int64_t b) {
    if (a < b) all(next);
  });
}

}  // namespace

#endif
