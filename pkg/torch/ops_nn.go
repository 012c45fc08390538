package torch

// #include "shim.h"
import "C"

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// Linear is x·wᵀ + b: x [...,in], w [out,in], b [out].
func (s *Scope) Linear(x, w, b *Tensor) *Tensor {
	if !s.ready("linear", x, w, b) {
		return &Tensor{}
	}
	return s.linear(x, w, b)
}

// linear is Linear, whose b may be nil.
func (s *Scope) linear(x, w, b *Tensor) *Tensor {
	args := []*Tensor{x, w}
	if b != nil {
		args = append(args, b)
	}
	if !s.ready("linear", args...) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgLinear(&out, ct(x), ct(w), ct(b))
	return s.take("linear", raw(out), args...)
}

// Dropout zeroes each element with probability p and scales the others by
// 1/(1-p) in a training scope; elsewhere it is x (Srivastava et al. 2014).
func (s *Scope) Dropout(x *Tensor, p float64) *Tensor {
	if !s.ready("dropout", x) || !s.probability("dropout", p, x) {
		return &Tensor{}
	}
	if !s.mode.Train || p == 0 {
		return x
	}
	var out raw
	e := C.gt_dropout(x.ptr, C.double(p), &out)
	return s.takeShim("dropout", e, out, x)
}

// probability says whether p is one, also where the scope would not use it.
func (s *Scope) probability(op string, p float64, xs ...*Tensor) bool {
	if p >= 0 && p <= 1 {
		return true
	}
	s.failOp(op, fmt.Errorf("dropout of %v, want 0 to 1", p), xs)
	return false
}

// AttentionOptions are those of Attention.
type AttentionOptions struct {
	Mask    *Tensor // broadcast to [B,H,T,S]: Bool, true where attended, or added to the scores; nil: all
	Dropout float64 // of the attention weights, in a training scope
	Causal  bool
}

// Attention returns softmax(q·kᵀ/√d)·v (Vaswani et al. 2017, equation 1).
// q is [B,H,T,d], k and v [B,H,S,d]; the result is [B,H,T,d].
func (s *Scope) Attention(q, k, v *Tensor, o AttentionOptions) *Tensor {
	args := []*Tensor{q, k, v}
	var mask raw
	if o.Mask != nil {
		args = append(args, o.Mask)
	}
	if !s.ready("attention", args...) || !s.probability("attention", o.Dropout, args...) {
		return &Tensor{}
	}
	if o.Dropout == 1 { // some kernels take it, others do not
		s.failOp("attention", fmt.Errorf("dropout of %v, want less than 1", o.Dropout), args)
		return &Tensor{}
	}
	if o.Mask != nil {
		mask = o.Mask.ptr
	}
	p := o.Dropout
	if !s.mode.Train {
		p = 0
	}
	var out raw
	if p > 0 && p < 1 && !o.Causal && !s.rt.opts.Device.IsCUDA() {
		e := C.gt_attention_dropout(q.ptr, k.ptr, v.ptr, mask, C.double(p), 0, &out)
		return s.takeShim("attention", e, out, args...)
	}
	e := C.gt_attention(q.ptr, k.ptr, v.ptr, mask, C.double(p), 0, cbool(o.Causal), &out)
	return s.takeShim("attention", e, out, args...)
}

// MaxPool2d returns the maximum of each k×k window at the given stride. x is
// [N,C,H,W].
func (s *Scope) MaxPool2d(x *Tensor, k, stride, padding int) *Tensor {
	if !s.ready("max_pool2d", x) {
		return &Tensor{}
	}
	var out raw
	e := C.gt_max_pool2d(x.ptr, C.int64_t(k), C.int64_t(stride), C.int64_t(padding), &out)
	return s.takeShim("max_pool2d", e, out, x)
}

// AdaptiveAvgPool2d averages x, [N,C,H,W], down to [N,C,h,w].
func (s *Scope) AdaptiveAvgPool2d(x *Tensor, h, w int) *Tensor {
	if !s.ready("adaptive_avg_pool2d", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgAdaptiveAvgPool2d(&out, ct(x), cdims([]int{h, w}), 2)
	return s.take("adaptive_avg_pool2d", raw(out), x)
}
