package torch

// #include "shim.h"
import "C"

import (
	"errors"

	"github.com/sugarme/gotch/libtch"
)

var errEmptyList = errors.New("an empty list of dimensions or tensors")

// keepType is gotch's "no dtype given".
const keepType = -1

// Sum returns the sum of all elements, a scalar.
func (s *Scope) Sum(x *Tensor) *Tensor {
	if !s.ready("sum", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgSum(&out, ct(x), keepType)
	return s.take("sum", raw(out), x)
}

// Mean returns the mean of all elements, a scalar.
func (s *Scope) Mean(x *Tensor) *Tensor {
	if !s.ready("mean", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgMean(&out, ct(x), keepType)
	return s.take("mean", raw(out), x)
}

// SumDims sums over dimensions, which go.
func (s *Scope) SumDims(x *Tensor, dims ...int) *Tensor {
	if !s.ready("sum", x) || !s.some("sum", len(dims), x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgSumDimIntlist(&out, ct(x), cdims(dims), len(dims), 0, keepType)
	return s.take("sum", raw(out), x)
}

// MeanDims averages over dimensions, which go.
func (s *Scope) MeanDims(x *Tensor, dims ...int) *Tensor {
	if !s.ready("mean", x) || !s.some("mean", len(dims), x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgMeanDim(&out, ct(x), cdims(dims), len(dims), 0, keepType)
	return s.take("mean", raw(out), x)
}

// some says whether a list that gotch takes the first element's address of has
// one.
func (s *Scope) some(op string, n int, xs ...*Tensor) bool {
	if n == 0 {
		s.failOp(op, errEmptyList, xs)
	}
	return n > 0
}

// Softmax returns e^x / Σe^x along a dimension.
func (s *Scope) Softmax(x *Tensor, dim int) *Tensor {
	if !s.ready("softmax", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgSoftmax(&out, ct(x), int64(dim), keepType)
	return s.take("softmax", raw(out), x)
}

// LogSoftmax returns the logarithm of Softmax, without its overflow.
func (s *Scope) LogSoftmax(x *Tensor, dim int) *Tensor {
	if !s.ready("log_softmax", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgLogSoftmax(&out, ct(x), int64(dim), keepType)
	return s.take("log_softmax", raw(out), x)
}

// Argmax returns the index, Int64, of the largest element along a dimension,
// which goes.
func (s *Scope) Argmax(x *Tensor, dim int) *Tensor {
	if !s.ready("argmax", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgArgmax(&out, ct(x), int64(dim), 0, 0)
	return s.take("argmax", raw(out), x)
}

// LossOptions are those of CrossEntropyWith. The zero value is CrossEntropy's.
type LossOptions struct {
	Sum            bool    // the sum over the batch instead of its mean
	LabelSmoothing float64 // share of the label's mass spread evenly over the classes
	ClassWeights   *Tensor // [C] float32, or nil; the mean divides by the weights' sum
}

// CrossEntropy returns the mean of -log softmax(logits)[label], a scalar.
//
// logits is [N,C]; labels is [N] of Int64, or [N,C] of class probabilities.
// Logits of less than float32 are widened: the logarithm of a bfloat16
// probability has two digits. A label that is no class is an error; a GPU finds it too
// late, and ends the process.
func (s *Scope) CrossEntropy(logits, labels *Tensor) *Tensor {
	return s.CrossEntropyWith(logits, labels, LossOptions{})
}

// CrossEntropyWith is CrossEntropy with options.
func (s *Scope) CrossEntropyWith(logits, labels *Tensor, o LossOptions) *Tensor {
	if !s.ready("cross_entropy", logits, labels) {
		return &Tensor{}
	}
	if t := logits.DType(); t == BFloat16 || t == Float16 {
		logits = s.Cast(logits, Float32)
	}
	const mean, sum = 1, 2 // at::Reduction
	reduction := mean
	if o.Sum {
		reduction = sum
	}
	var weight raw
	if o.ClassWeights != nil {
		if !s.ready("cross_entropy", o.ClassWeights) {
			return &Tensor{}
		}
		weight = o.ClassWeights.ptr
	}
	if !s.ready("cross_entropy", logits, labels) {
		return &Tensor{}
	}
	var out raw
	e := C.gt_cross_entropy(logits.ptr, labels.ptr, weight, C.int(reduction), C.double(o.LabelSmoothing), &out)
	return s.takeShim("cross_entropy", e, out, logits, labels)
}
