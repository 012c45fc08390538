// The weights of a 3×3 convolution as the kernels read them, each to lay them out its way.
#ifndef GOTUNE_FILTERS_HPP
#define GOTUNE_FILTERS_HPP

#include <ATen/ATen.h>

namespace {

// Turned by 180°, with inputs for outputs, they are those of the gradient by the input.
struct Filters {
  at::Tensor w;  // float32 [K,C,3,3]
  const float* numbers;
  bool turned;
  int64_t outputs, inputs, of_output, of_input;  // how many, and numbers from one to the next

  Filters(const at::Tensor& weights, bool turned)
      : w(weights.detach().to(at::kFloat).contiguous()), numbers(w.const_data_ptr<float>()), turned(turned),
        outputs(w.size(turned ? 1 : 0)), inputs(w.size(turned ? 0 : 1)), of_output(turned ? 9 : 9 * inputs),
        of_input(turned ? 9 * outputs : 9) {}

  const float* of(int64_t output, int64_t input) const { return numbers + output * of_output + input * of_input; }
  // Where the i-th of such nine is among them.
  int64_t tap(int64_t i) const { return turned ? 8 - i : i; }
};

}  // namespace

#endif
