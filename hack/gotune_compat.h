// gotch v0.9.1 was generated against libtorch 2.1. Three operators have since
// lost or changed parameters; these overloads let its wrappers compile. Nothing
// in gotune calls them: each throws. The compiler is told to -include this file
// ahead of every C++ source, gotch's and ours.
#ifndef GOTUNE_COMPAT_H
#define GOTUNE_COMPAT_H
#if defined(__cplusplus) && !defined(GOTUNE_NO_COMPAT)
#include <torch/torch.h>
#include <torch/version.h>
#include <tuple>

#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR != 11
#error "gotune wants the headers of libtorch 2.11.0; run hack/install-libtorch.sh"
#endif

namespace torch {

inline at::Tensor _cslt_sparse_mm(const at::Tensor&, const at::Tensor&, const at::Tensor&, bool) {
  TORCH_CHECK(false, "_cslt_sparse_mm: signature of libtorch 2.1, not supported");
}

inline std::tuple<at::Tensor, at::Tensor> _scaled_mm(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                                     std::optional<at::ScalarType>, const at::Tensor&,
                                                     const at::Tensor&, const at::Tensor&) {
  TORCH_CHECK(false, "_scaled_mm: signature of libtorch 2.1, not supported");
}

inline std::tuple<at::Tensor, at::Tensor> _scaled_mm_out(at::Tensor&, at::Tensor&, const at::Tensor&,
                                                         const at::Tensor&, const at::Tensor&,
                                                         std::optional<at::ScalarType>, const at::Tensor&,
                                                         const at::Tensor&, const at::Tensor&) {
  TORCH_CHECK(false, "_scaled_mm_out: signature of libtorch 2.1, not supported");
}

}  // namespace torch
#endif
#endif
