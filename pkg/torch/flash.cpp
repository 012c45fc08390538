// Attention over packed sequences on a GPU, by ATen's flash attention (Dao et al.
// 2022), which takes sequences of any lengths and stores nothing of size T².
//
// Not each GPU has it (it wants compute capability 8.0), and no build need. So each
// device is asked once, with a small attention whose result and gradient must be
// those of the plain one; where they are not, packing is not used.
#include "flash.hpp"

#include "guard.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <vector>

namespace {

// Where each sequence starts, and the end: [N+1]. The copy waits for nothing.
at::Tensor starts(at::IntArrayRef lengths, const at::Device& device) {
  std::vector<int32_t> v{0};
  for (int64_t l : lengths) v.push_back(v.back() + static_cast<int32_t>(l));
  return at::tensor(v, at::TensorOptions().dtype(at::kInt)).pin_memory().to(device, /*non_blocking=*/true);
}

// A small attention's result and its gradient by x, one after the other.
template <class F>
at::Tensor trial(const at::Tensor& x, at::IntArrayRef lengths, int64_t heads, F&& attention) {
  at::AutoGradMode record(true);
  at::Tensor leaf = x.detach().clone().requires_grad_(true);
  at::Tensor y = attention(leaf, std::nullopt, lengths, heads, 0.0);
  at::Tensor up = at::cos(at::arange(y.numel(), y.options().dtype(at::kFloat))).reshape(y.sizes()).to(y.scalar_type());
  (y * up).sum().backward();
  return at::cat({y.detach().flatten(), leaf.grad().flatten()}).to(at::kFloat);
}

bool probe(const at::Device& device) {
  try {
    std::vector<int64_t> lengths{5, 17, 9};
    int64_t heads = 2, d = 32;
    // Nothing is drawn, so that the generator stays as it was.
    at::Tensor x = at::sin(at::arange(31 * 3 * heads * d, at::TensorOptions().dtype(at::kFloat).device(device)) * 0.7)
                       .reshape({31, 3 * heads * d}).to(at::kBFloat16);
    at::Tensor got = trial(x, lengths, heads, flash), want = trial(x, lengths, heads, composed_attention);
    // Both round to bfloat16, in other orders. NaN is not within.
    return (got - want).abs().max().item<float>() <= 2e-2f * want.abs().max().item<float>();
  } catch (const std::exception&) {
    return false;
  }
}

// Larger heads have no backward pass with dropout on some GPUs.
bool size_fits(int64_t d) { return d % 8 == 0 && d <= 128; }

// Whether a device has it, asked once.
bool has(const at::Device& device) {
  static std::mutex mu;
  static std::map<int, bool> known;
  std::lock_guard<std::mutex> lock(mu);
  auto found = known.find(device.index());
  if (found == known.end()) found = known.emplace(device.index(), probe(device)).first;
  return found->second;
}

}  // namespace

bool flash_fits(const at::Tensor& x, int64_t d) {
  bool half = x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf;
  return x.is_cuda() && half && size_fits(d) && has(x.device());
}

at::Tensor flash(const at::Tensor& x, const std::optional<at::Tensor>& q, at::IntArrayRef lengths, int64_t heads, double p) {
  at::Tensor t = x.reshape({x.size(0), q ? 2 : 3, heads, -1});  // [ΣT,.,heads,d]
  std::vector<at::Tensor> part = t.unbind(1);                              // whose gradient is one stack
  at::Tensor asked = q ? q->to(x.scalar_type()).reshape({q->size(0), heads, -1}) : part[0];
  std::vector<int64_t> ones(q ? lengths.size() : 0, 1);
  int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  at::Tensor of = starts(lengths, x.device()), asks = q ? starts(ones, x.device()) : of;
  auto r = at::_flash_attention_forward(asked, part[q ? 0 : 1], part[q ? 1 : 2], asks, of, q ? 1 : longest, longest, p,
                                        /*is_causal=*/false, /*return_debug_mask=*/false);
  return std::get<0>(r).reshape({asked.size(0), -1});
}

at::Tensor composed_attention(const at::Tensor& x, const std::optional<at::Tensor>& q, at::IntArrayRef lengths, int64_t heads,
                              double p) {
  std::vector<at::Tensor> out;
  for (const at::Tensor& part : at::split_with_sizes(x, lengths)) {
    int64_t T = part.size(0), n = static_cast<int64_t>(out.size());
    at::Tensor t = part.reshape({T, q ? 2 : 3, heads, -1}).permute({1, 2, 0, 3}).unsqueeze(1);  // [.,1,heads,T,d]
    at::Tensor asked = q ? q->narrow(0, n, 1).reshape({1, 1, heads, -1}).transpose(1, 2) : t[0];
    at::Tensor y = at::scaled_dot_product_attention(asked, t[q ? 0 : 1], t[q ? 1 : 2], std::nullopt, p);
    out.push_back(y.squeeze(0).transpose(0, 1).reshape({asked.size(2), -1}));
  }
  return at::cat(out);
}

// Whether attention over packed sequences in half precision, with heads of d numbers,
// is one kernel on the CUDA device of that index.
extern "C" gt_error gt_packed_fits(int device, int64_t d, int* yes) {
  return guard([&] { *yes = size_fits(d) && has(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device))); });
}
