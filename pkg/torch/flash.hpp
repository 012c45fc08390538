// Attention over packed sequences on a GPU; see flash.cpp.
#ifndef GOTUNE_FLASH_HPP
#define GOTUNE_FLASH_HPP

#include <ATen/ATen.h>

// Whether flash takes tensors like x, with heads of d numbers.
bool flash_fits(const at::Tensor& x, int64_t d);

// Attention as gt_attention_packed has it, one kernel each way.
at::Tensor flash(const at::Tensor& x, const std::optional<at::Tensor>& q, at::IntArrayRef lengths, int64_t heads, double p);

// Attention by ATen, sequence by sequence: for any device and type.
at::Tensor composed_attention(const at::Tensor& x, const std::optional<at::Tensor>& q, at::IntArrayRef lengths, int64_t heads,
                              double p);

#endif
