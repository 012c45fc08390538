#include "shim.h"

#include "avx512.hpp"
#include "guard.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Logging.h>
#include <torch/headeronly/version.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>

#include <dlfcn.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR != 11
#error "gotune wants the headers of libtorch 2.11.0; run hack/install-libtorch.sh"
#endif

#if AT_PARALLEL_OPENMP && !defined(_OPENMP)
#error "compile with -fopenmp: at::parallel_for would be a plain loop"
#endif

namespace {

at::Tensor& T(gt_tensor t) { return *static_cast<at::Tensor*>(t); }

gt_tensor give(at::Tensor t) { return new at::Tensor(std::move(t)); }

at::Tensor maybe(gt_tensor t) { return t ? T(t) : at::Tensor(); }

// The same coding as gotch: below zero the CPU, else the CUDA device's index.
at::Device device_of(int d) {
  if (d < 0) return at::Device(at::kCPU);
  TORCH_CHECK(d <= std::numeric_limits<at::DeviceIndex>::max(), "no CUDA device has index ", d);
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(d));
}

// Checked here because TensorOptions is noexcept: a wrong type would end the
// process.
at::ScalarType type_of(int dtype) {
  auto t = static_cast<at::ScalarType>(dtype);
  TORCH_CHECK(dtype >= 0 && dtype < static_cast<int>(at::ScalarType::NumOptions) && !at::isQIntType(t) &&
                  t != at::ScalarType::Undefined,
              "no element type has number ", dtype);
  return t;
}

std::vector<at::Tensor> list(gt_tensor* ts, int n) {
  std::vector<at::Tensor> out;
  out.reserve(n);
  for (int i = 0; i < n; i++) out.push_back(T(ts[i]));
  return out;
}

// The parameters that have a gradient, and these gradients.
void with_grads(gt_tensor* ps, int n, std::vector<int>* which, std::vector<at::Tensor>* grads) {
  for (int i = 0; i < n; i++) {
    const at::Tensor& g = T(ps[i]).grad();
    if (!g.defined()) continue;
    if (which) which->push_back(i);
    grads->push_back(g);
  }
}

// OpenMP keeps the number of threads per thread, MKL and libtorch for the
// process: scopes set it on threads that have another.
std::atomic<int> wanted_threads{0};
thread_local int threads_here = 0;

// The modes that a scope wants of its thread.
struct Scope {
  uint64_t id;
  bool grad;
  at::DeviceType device;
  bool autocast;
  at::ScalarType dtype;
};

Scope thread_state(at::DeviceType device) {
  return {0, at::GradMode::is_enabled(), device, at::autocast::is_autocast_enabled(device),
          at::autocast::get_autocast_dtype(device)};
}

void set_thread_state(const Scope& to) {
  Scope was = thread_state(to.device);
  // While autocast is on, libtorch keeps the casts of weights: one cast a step,
  // not one a use. They must go when autocast ends, and when a scope without
  // gradients ends in which the weights themselves may have been changed; a cast
  // made without gradients must never be kept.
  if (was.autocast && (!to.autocast || (to.grad && !was.grad))) at::autocast::clear_cache();
  at::GradMode::set_enabled(to.grad);
  at::autocast::set_autocast_cache_enabled(to.grad);
  at::autocast::set_autocast_dtype(to.device, to.dtype);
  at::autocast::set_autocast_enabled(to.device, to.autocast);
}

// The scopes open on this thread, outermost first; before them, with id 0, the
// state that the thread was found in.
thread_local std::vector<Scope> scopes;

// Weights are about to change in place: their kept casts would be the old ones.
void weights_change() { at::autocast::clear_cache(); }

// What the fused kernels take for granted: they walk all five arrays by one
// index, through bare pointers.
void same_layout(const char* what, const at::Tensor& x, const at::Tensor& p) {
  TORCH_CHECK(x.scalar_type() == p.scalar_type() && x.sizes() == p.sizes(), what, " is ", x.sizes(), " ", x.scalar_type(),
              ", its parameter ", p.sizes(), " ", p.scalar_type());
  TORCH_CHECK(x.device() == p.device(), what, " is on ", x.device(), ", its parameter on ", p.device());
  bool same = p.is_non_overlapping_and_dense();
  for (int64_t d = 0; d < p.dim(); d++) {
    // Along one element any stride leads nowhere: the gradient of a 1×1 kernel
    // comes with those of its channels-last input.
    same = same && (p.size(d) == 1 || x.stride(d) == p.stride(d));
  }
  TORCH_CHECK(same, what, " ", x.sizes(), " is laid out otherwise than its parameter");
}

gt_error copy_string(const std::string& s, char* buf, size_t n) {
  return guard([&] {
    TORCH_CHECK(s.size() < n, s.size(), " characters, room for ", n);
    memcpy(buf, s.c_str(), s.size() + 1);
  });
}

}  // namespace

extern "C" {

// libtorch_cuda registers itself when it is loaded, and must be before anything asks for
// CUDA, at::hasCUDA too: libtorch keeps the first answer for good.
gt_error gt_load_cuda(const char* dir) {
  return guard([&] {
    std::string path = std::string(dir) + "/libtorch_cuda.so";
    if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
      const char* why = dlerror();
      throw std::runtime_error(why ? why : "dlopen failed");
    }
  });
}

// To be called when libtorch_cuda is loaded.
gt_error gt_cuda_count(int* n) {
  return guard([&] {
    const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
    TORCH_CHECK(hooks.hasCUDART(), "libtorch was used without it before; open the CUDA device first in a process");
    *n = hooks.hasCUDA() ? static_cast<int>(hooks.deviceCount()) : 0;
  });
}

// Whether the GPU multiplies bfloat16 (compute capability 8.0), or emulates it.
gt_error gt_cuda_bfloat16(int device, int* yes) {
  return guard([&] {
    c10::DeviceGuard on(device_of(device));
    *yes = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
  });
}

// A small sum on a GPU, for which libtorch_cuda may hold no kernel.
gt_error gt_cuda_try(int device) {
  return guard([&] {
    at::Tensor x = at::ones({2}, at::TensorOptions().device(device_of(device)));
    TORCH_CHECK((x + x).sum().item<float>() == 4, "1+1+1+1 is not 4 on it");
  });
}

// To be called before libtorch's first allocation.
gt_error gt_prepare(void) {
  return guard([] {
    // A step allocates its activations anew, and each 4 KiB page of them costs a
    // fault: a fifth to a third of a CPU's time. libtorch asks for pages of 2 MiB
    // where this variable says so; what the user set it to stays.
    setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
    // gotch takes its messages with the C++ stack in them: 5 ms of looking up
    // names that no one reads, since they are cut off again.
    c10::SetStackTraceFetcher([] { return std::string(); });
  });
}

const char* gt_built_version(void) { return TORCH_VERSION; }
gt_error gt_runtime_abi(uint64_t* abi) {
  return guard([&] { *abi = aoti_torch_abi_version(); });
}
uint64_t gt_built_abi(void) { return TORCH_ABI_VERSION; }

gt_error gt_cpu_capability(char* buf, size_t n) {
  std::string s;
  gt_error e = guard([&] { s = at::get_cpu_capability(); });
  return e ? e : copy_string(s, buf, n);
}

int gt_cpu_bfloat16(void) { return matrix_units() ? 2 : vectors_of_bf16() ? 1 : 0; }

gt_error gt_library_path(char* buf, size_t n) {
  std::string s;
  gt_error e = guard([&] {
    Dl_info info;
    TORCH_CHECK(dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info) && info.dli_fname,
                "cannot find where libtorch_cpu was loaded from");
    s = info.dli_fname;
  });
  return e ? e : copy_string(s, buf, n);
}

gt_error gt_set_threads(int n) {
  return guard([&] {
    at::set_num_threads(n);
    wanted_threads = threads_here = n;
  });
}

// glibc gives large blocks back to the kernel as they are freed, and the kernel
// clears their pages anew for the next operator: a tenth of a BERT's evaluation.
void gt_keep_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

gt_error gt_threads(int* n) {
  return guard([&] { *n = at::get_num_threads(); });
}

gt_error gt_seed(int device, uint64_t seed) {
  return guard([&] {
    auto gen = at::globalContext().defaultGenerator(device_of(device));
    std::lock_guard<std::mutex> lock(gen.mutex());
    gen.set_current_seed(seed);
  });
}

gt_error gt_rng_get(int device, void* buf, size_t cap, size_t* len) {
  return guard([&] {
    auto gen = at::globalContext().defaultGenerator(device_of(device));
    std::lock_guard<std::mutex> lock(gen.mutex());
    at::Tensor state = gen.get_state();
    *len = state.numel();
    if (*len > cap) throw std::runtime_error("buffer too small for the generator's state");
    memcpy(buf, state.data_ptr(), *len);
  });
}

gt_error gt_rng_set(int device, const void* buf, size_t len) {
  return guard([&] {
    at::Tensor state = at::empty({static_cast<int64_t>(len)}, at::kByte);
    memcpy(state.data_ptr(), buf, len);
    auto gen = at::globalContext().defaultGenerator(device_of(device));
    std::lock_guard<std::mutex> lock(gen.mutex());
    gen.set_state(state);
  });
}

gt_error gt_allow_tf32(int on) {
  return guard([&] {
    at::globalContext().setAllowTF32CuBLAS(on);
    at::globalContext().setAllowTF32CuDNN(on);
  });
}

gt_error gt_cuda_memory(int device, int64_t* current, int64_t* peak, int64_t* available) {
  return guard([&] {
    auto* a = dynamic_cast<c10::DeviceAllocator*>(at::globalContext().getAcceleratorHooksInterface().isAvailable()
                                                      ? c10::GetAllocator(at::kCUDA)
                                                      : nullptr);
    if (!a) throw std::runtime_error("no CUDA allocator");
    auto s = a->getDeviceStats(static_cast<c10::DeviceIndex>(device));
    *current = s.allocated_bytes[0].current;
    *peak = s.allocated_bytes[0].peak;
    // What no tensor of ours takes of what we hold is available too.
    auto free = static_cast<int64_t>(a->getMemoryInfo(static_cast<c10::DeviceIndex>(device)).first);
    *available = free + s.reserved_bytes[0].current - *current;
  });
}

gt_error gt_synchronize(int device) {
  return guard([&] {
    if (device < 0) return;
    c10::impl::VirtualGuardImpl impl(at::kCUDA);
    impl.synchronizeDevice(static_cast<c10::DeviceIndex>(device));
  });
}

// glibc keeps freed pages in its arenas: hand them back between phases.
int64_t gt_trim(void) { return malloc_trim(0); }

gt_error gt_scope_enter(int grad, int device, int autocast, int dtype, uint64_t* id) {
  static std::atomic<uint64_t> last{0};
  return guard([&] {
    if (int n = wanted_threads; n > 0 && n != threads_here) {
      at::set_num_threads(n);
      threads_here = n;
    }
    auto type = device_of(device).type();
    if (scopes.empty()) scopes.push_back(thread_state(type));
    // A scope that casts nothing leaves the type alone.
    auto to = autocast ? type_of(dtype) : at::autocast::get_autocast_dtype(type);
    scopes.push_back({++last, grad != 0, type, autocast != 0, to});
    *id = scopes.back().id;
    set_thread_state(scopes.back());
  });
}

gt_error gt_scope_leave(uint64_t id, int* found) {
  return guard([&] {
    *found = 0;
    for (size_t i = scopes.size(); i-- > 1;) {
      if (scopes[i].id != id) continue;
      *found = 1;
      scopes.erase(scopes.begin() + static_cast<std::ptrdiff_t>(i));
      set_thread_state(scopes.back());
      if (scopes.size() == 1) scopes.clear();
      return;
    }
  });
}

gt_error gt_from_data(gt_tensor* out, const void* data, const int64_t* dims, int ndims, int dtype, int device, int pinned) {
  return guard([&] {
    auto type = type_of(dtype);
    at::Tensor host = at::empty(at::IntArrayRef(dims, ndims), at::TensorOptions().dtype(type).pinned_memory(pinned));
    if (host.numel()) memcpy(host.data_ptr(), data, host.nbytes());
    *out = give(device < 0 ? host : host.to(device_of(device), type, /*non_blocking=*/pinned));
  });
}

gt_error gt_empty(gt_tensor* out, const int64_t* dims, int ndims, int dtype, int device) {
  return guard([&] {
    *out = give(at::empty(at::IntArrayRef(dims, ndims),
                          at::TensorOptions().dtype(type_of(dtype)).device(device_of(device))));
  });
}

gt_error gt_full(gt_tensor* out, const int64_t* dims, int ndims, double value, int dtype, int device) {
  return guard([&] {
    *out = give(at::full(at::IntArrayRef(dims, ndims), value,
                         at::TensorOptions().dtype(type_of(dtype)).device(device_of(device))));
  });
}

gt_error gt_reshape(gt_tensor t, const int64_t* dims, int ndims, gt_tensor* out) {
  return guard([&] { *out = give(T(t).reshape(at::IntArrayRef(dims, ndims))); });
}

gt_error gt_gelu(gt_tensor t, int tanh, gt_tensor* out) {
  return guard([&] { *out = give(at::gelu(T(t), tanh ? "tanh" : "none")); });
}

gt_error gt_copy(gt_tensor t, gt_tensor src) {
  return guard([&] { T(t).copy_(T(src)); });
}

gt_error gt_copy_out(gt_tensor t, void* dst, size_t bytes, int dtype) {
  return guard([&] {
    at::Tensor x = T(t).detach().to(at::kCPU, type_of(dtype)).contiguous();
    TORCH_CHECK(x.nbytes() == bytes, "copy of ", x.nbytes(), " bytes into ", bytes);
    if (bytes) memcpy(dst, x.data_ptr(), bytes);
  });
}

gt_error gt_copy_in(gt_tensor t, const void* src, size_t bytes, int dtype) {
  return guard([&] {
    at::NoGradGuard no_grad;
    at::Tensor& x = T(t);
    auto type = type_of(dtype);
    weights_change();
    at::Tensor host = at::from_blob(const_cast<void*>(src), x.sizes(), at::TensorOptions().dtype(type));
    TORCH_CHECK(host.nbytes() == bytes, "copy of ", bytes, " bytes into ", host.nbytes());
    x.copy_(host);
  });
}

gt_error gt_item(gt_tensor t, double* out) {
  return guard([&] { *out = T(t).item().toDouble(); });
}

gt_error gt_set_requires_grad(gt_tensor t, int on) {
  return guard([&] {
    T(t).set_requires_grad(on);
    if (!on) T(t).mutable_grad().reset();
  });
}

gt_error gt_grad(gt_tensor t, gt_tensor* out) {
  return guard([&] {
    const at::Tensor& g = T(t).grad();
    *out = g.defined() ? give(g) : nullptr;
  });
}

gt_error gt_set_grad(gt_tensor t, gt_tensor g) {
  return guard([&] { T(t).mutable_grad() = maybe(g); });
}

gt_error gt_zero_grads(gt_tensor* ts, int n) {
  return guard([&] {
    for (int i = 0; i < n; i++)
      if (T(ts[i]).grad().defined()) T(ts[i]).mutable_grad().reset();
  });
}

gt_error gt_memory_format(gt_tensor t, int channels_last, gt_tensor* out) {
  return guard([&] {
    *out = give(T(t).contiguous(channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous));
  });
}

gt_error gt_set_data(gt_tensor t, gt_tensor src) {
  return guard([&] {
    T(t).set_data(T(src).detach());
    T(t).unsafeGetTensorImpl()->bump_version();  // other values, as after a write
  });
}

gt_error gt_meta(gt_tensor t, int64_t* dims, int cap, int* ndims, int* dtype, int* device, int* requires_grad) {
  return guard([&] {
    const at::Tensor& x = T(t);
    *dtype = static_cast<int>(x.scalar_type());
    *device = x.is_cpu() ? -1 : x.device().index();
    *requires_grad = x.requires_grad();
    *ndims = static_cast<int>(x.dim());
    for (int i = 0; i < *ndims && i < cap; i++) dims[i] = x.size(i);
  });
}

gt_error gt_backward(gt_tensor loss) {
  return guard([&] { T(loss).backward(); });
}

// One norm per tensor, one norm of these, one scaling, none of it read back:
// no synchronisation with a GPU (torch.nn.utils.clip_grad_norm_, foreach).
gt_error gt_clip_grad_norm(gt_tensor* params, int n, double max_norm, gt_tensor* total) {
  return guard([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> grads;
    with_grads(params, n, nullptr, &grads);
    TORCH_CHECK(!grads.empty(), "no parameter has a gradient");
    at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads, 2)), 2);
    if (max_norm > 0) at::_foreach_mul_(grads, at::clamp_max(max_norm / (norm + 1e-6), 1.0));
    *total = give(norm);
  });
}

gt_error gt_clip_grad_value(gt_tensor* params, int n, double max_value) {
  return guard([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> grads;
    with_grads(params, n, nullptr, &grads);
    if (grads.empty()) return;
    at::_foreach_clamp_min_(grads, -max_value);
    at::_foreach_clamp_max_(grads, max_value);
  });
}

gt_error gt_fused_adam(gt_tensor* params, gt_tensor* m, gt_tensor* v, gt_tensor* steps, int n, double lr, double beta1,
                       double beta2, double weight_decay, double eps, int decoupled) {
  return guard([&] {
    at::NoGradGuard no_grad;
    std::vector<int> which;
    std::vector<at::Tensor> p, g, em, ev, st, none;
    with_grads(params, n, &which, &g);
    for (int i : which) {
      p.push_back(T(params[i]));
      em.push_back(T(m[i]));
      ev.push_back(T(v[i]));
      st.push_back(T(steps[i]));
      same_layout("first moment", em.back(), p.back());
      same_layout("second moment", ev.back(), p.back());
      same_layout("gradient", g[p.size() - 1], p.back());
      TORCH_CHECK(st.back().scalar_type() == at::kFloat && st.back().numel() == 1, "step count is ", st.back().sizes(), " ",
                  st.back().scalar_type(), ", want one float32");
      TORCH_CHECK(st.back().device() == p.back().device(), "step count is on ", st.back().device(), ", the parameter on ",
                  p.back().device());
    }
    if (p.empty()) return;
    weights_change();
    // The fused kernel reads and writes the step counts but leaves the
    // increment to its caller.
    at::_foreach_add_(st, 1);
    if (decoupled)
      at::_fused_adamw_(p, g, em, ev, none, st, lr, beta1, beta2, weight_decay, eps, false, false);
    else
      at::_fused_adam_(p, g, em, ev, none, st, lr, beta1, beta2, weight_decay, eps, false, false);
  });
}

gt_error gt_cross_entropy(gt_tensor logits, gt_tensor labels, gt_tensor weight, int reduction, double label_smoothing,
                          gt_tensor* out) {
  return guard([&] {
    *out = give(at::cross_entropy_loss_symint(T(logits), T(labels), maybe(weight), reduction, -100, label_smoothing));
  });
}

gt_error gt_attention(gt_tensor q, gt_tensor k, gt_tensor v, gt_tensor mask, double dropout, double scale, int causal,
                      gt_tensor* out) {
  return guard([&] {
    std::optional<at::Tensor> m;
    if (mask) m = T(mask);
    std::optional<double> s;
    if (scale > 0) s = scale;
    *out = give(at::scaled_dot_product_attention(T(q), T(k), T(v), m, dropout, causal, s));
  });
}

}  // extern "C"
