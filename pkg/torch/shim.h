// What gotch's operators lack, in one convention: every function that can fail
// returns its error message (malloc'ed, the caller frees) or NULL.
#ifndef GOTUNE_SHIM_H
#define GOTUNE_SHIM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A macro, so that cgo sees void* and Go code needs no conversions.
#define gt_tensor void*
typedef char* gt_error;

// Process.
gt_error gt_load_cuda(const char* dir);
gt_error gt_cuda_count(int* n);
gt_error gt_cuda_bfloat16(int device, int* yes);
gt_error gt_cuda_try(int device);
const char* gt_built_version(void);
gt_error gt_prepare(void);
gt_error gt_runtime_abi(uint64_t* abi);
uint64_t gt_built_abi(void);
gt_error gt_cpu_capability(char* buf, size_t n);
int gt_cpu_bfloat16(void);  // 0 none, 1 vectors, 2 matrix units
gt_error gt_library_path(char* buf, size_t n);
gt_error gt_set_threads(int n);
gt_error gt_threads(int* n);
void gt_keep_memory(void);
gt_error gt_seed(int device, uint64_t seed);
gt_error gt_rng_get(int device, void* buf, size_t cap, size_t* len);
gt_error gt_rng_set(int device, const void* buf, size_t len);
gt_error gt_allow_tf32(int on);
gt_error gt_cuda_memory(int device, int64_t* current, int64_t* peak, int64_t* available);
gt_error gt_synchronize(int device);
int64_t gt_trim(void);

// Thread state: that of the innermost scope open on the thread.
gt_error gt_scope_enter(int grad, int device, int autocast, int dtype, uint64_t* id);
gt_error gt_scope_leave(uint64_t id, int* found);                 // not found: it was opened on another thread

// Tensors.
gt_error gt_from_data(gt_tensor* out, const void* data, const int64_t* dims, int ndims, int dtype, int device, int pinned);
gt_error gt_empty(gt_tensor* out, const int64_t* dims, int ndims, int dtype, int device);
gt_error gt_copy_out(gt_tensor t, void* dst, size_t bytes, int dtype);
gt_error gt_copy_in(gt_tensor t, const void* src, size_t bytes, int dtype);
gt_error gt_item(gt_tensor t, double* out);
gt_error gt_set_requires_grad(gt_tensor t, int on);
gt_error gt_grad(gt_tensor t, gt_tensor* out);                    // NULL tensor: no gradient
gt_error gt_set_grad(gt_tensor t, gt_tensor g);
gt_error gt_zero_grads(gt_tensor* ts, int n);
gt_error gt_memory_format(gt_tensor t, int channels_last, gt_tensor* out);
gt_error gt_set_data(gt_tensor t, gt_tensor src);
gt_error gt_meta(gt_tensor t, int64_t* dims, int cap, int* ndims, int* dtype, int* device, int* requires_grad);
gt_error gt_full(gt_tensor* out, const int64_t* dims, int ndims, double value, int dtype, int device);
gt_error gt_reshape(gt_tensor t, const int64_t* dims, int ndims, gt_tensor* out);

// Operators that gotch has, but not soundly: its gelu never frees the name of
// the approximation, its copy_ gives no result by which to know of an error.
gt_error gt_gelu(gt_tensor t, int tanh, gt_tensor* out);
gt_error gt_copy(gt_tensor t, gt_tensor src);

// Training.
gt_error gt_backward(gt_tensor loss);
gt_error gt_clip_grad_norm(gt_tensor* params, int n, double max_norm, gt_tensor* total);
gt_error gt_clip_grad_value(gt_tensor* params, int n, double max_value);
gt_error gt_fused_adam(gt_tensor* params, gt_tensor* m, gt_tensor* v, gt_tensor* steps, int n, double lr, double beta1,
                       double beta2, double weight_decay, double eps, int decoupled);
gt_error gt_cross_entropy(gt_tensor logits, gt_tensor labels, gt_tensor weight, int reduction, double label_smoothing,
                          gt_tensor* out);
gt_error gt_attention(gt_tensor q, gt_tensor k, gt_tensor v, gt_tensor mask, double dropout, double scale, int causal,
                      gt_tensor* out);

// Kernels of our own, for the CPU (kernels.cpp, attention.cpp).
gt_error gt_dropout(gt_tensor x, double p, gt_tensor* out);
gt_error gt_attention_dropout(gt_tensor q, gt_tensor k, gt_tensor v, gt_tensor mask, double p, double scale,
                              gt_tensor* out);
gt_error gt_attention_packed(gt_tensor x, gt_tensor query, const int64_t* lengths, int n, int64_t heads, double p,
                             gt_tensor* out);
gt_error gt_packed_fits(int device, int64_t d, int* yes);

// Where a layer keeps its weights as a kernel wants them, until they change (slot.hpp).
gt_error gt_slot(void** slot);
void gt_slot_free(void* slot);

// Linear maps, for the CPU (linear.cpp).
gt_error gt_linear(void** slots, gt_tensor x, gt_tensor* weights, gt_tensor* biases, int n, int activation,
                   gt_tensor* out);

// Convolutions, for the CPU (conv_kernels.cpp, conv_train.cpp).
gt_error gt_state(gt_tensor t, uint64_t* data, int64_t* writes);
gt_error gt_conv_fused(void* slot, gt_tensor x, gt_tensor* ts, double eps, int norm_trains, int64_t stride,
                       int64_t padding, gt_tensor added, int relu, int pool, gt_tensor* out);
gt_error gt_conv_pair(void* slot, void* slot2, gt_tensor x, gt_tensor* ts, gt_tensor* ts2, double eps, double eps2,
                      int norm_trains, int pool, gt_tensor* out);
gt_error gt_conv_recorded(gt_tensor x, gt_tensor weight, gt_tensor bias, int64_t stride, int64_t padding, int relu,
                          gt_tensor* out);
gt_error gt_max_pool2d(gt_tensor x, int64_t k, int64_t stride, int64_t padding, gt_tensor* out);

#ifdef __cplusplus
}
#endif
#endif
