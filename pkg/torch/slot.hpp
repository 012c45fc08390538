// A layer's weights as a kernel wants them, kept until they change and while no
// gradient is asked of them.
#ifndef GOTUNE_SLOT_HPP
#define GOTUNE_SLOT_HPP

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <memory>
#include <mutex>

namespace {

// State is what tells one value of a tensor from another: where it lies, and how
// often it was written to.
struct State {
  const void* data;
  int64_t version;
  bool operator==(const State& o) const { return data == o.data && version == o.version; }
};

inline State state(const at::Tensor& t) {
  return {t.defined() ? t.data_ptr() : nullptr, t.defined() ? t._version() : 0};
}

// Whether a gradient is asked of x or of any of ts, some of which may be undefined.
inline bool recorded(const at::Tensor& x, at::TensorList ts) {
  if (!at::GradMode::is_enabled()) return false;
  auto asks = [](const at::Tensor& t) { return t.defined() && t.requires_grad(); };
  return asks(x) || std::any_of(ts.begin(), ts.end(), asks);
}

// Slot holds what one kernel made of one layer's weights. Several threads may use
// a layer at once.
class Slot {
  std::mutex mu;
  std::shared_ptr<const void> kept;

 public:
  template <class P>
  std::shared_ptr<const P> get() {
    std::lock_guard<std::mutex> lock(mu);
    return std::static_pointer_cast<const P>(kept);
  }
  void set(std::shared_ptr<const void> p) {
    std::lock_guard<std::mutex> lock(mu);
    kept = std::move(p);
  }
};

}  // namespace

#endif
