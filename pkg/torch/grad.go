package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
)

// Backward adds the gradients of loss, a scalar, to those of the trainable
// parameters it depends on.
func (s *Scope) Backward(loss *Tensor) {
	if !s.ready("backward", loss) {
		return
	}
	s.check("backward", C.gt_backward(loss.ptr), loss)
}

// Grad returns the gradient of p. None is an error.
func (s *Scope) Grad(p *Tensor) *Tensor {
	if !s.usable("grad", p) {
		return &Tensor{}
	}
	var out raw
	if err := shimErr(C.gt_grad(p.ptr, &out)); err != nil {
		s.failOp("grad", err, []*Tensor{p})
		return &Tensor{}
	}
	if out == nil {
		s.failOp("grad", errNoGrad, []*Tensor{p})
		return &Tensor{}
	}
	return s.own(out)
}

// HasGrad says whether p has a gradient.
func (s *Scope) HasGrad(p *Tensor) bool {
	if !s.usable("grad", p) {
		return false
	}
	var out raw
	s.check("grad", C.gt_grad(p.ptr, &out), p)
	if out == nil {
		return false
	}
	freeRaw(out)
	return true
}

// ZeroGrads drops the parameters' gradients: the next Backward makes new ones.
func (s *Scope) ZeroGrads(ps []*Tensor) {
	if !s.usable("zero_grads", ps...) {
		return
	}
	raws := rawsOf(ps)
	s.check("zero_grads", C.gt_zero_grads(first(raws), C.int(len(raws))))
}

// ClipGradNorm scales the parameters' gradients so that their global L2 norm is
// at most maxNorm, and returns the norm before, a scalar on the device. With
// maxNorm 0 it only measures. No gradient at all is an error.
func (s *Scope) ClipGradNorm(ps []*Tensor, maxNorm float64) *Tensor {
	if !s.usable("clip_grad_norm", ps...) {
		return &Tensor{}
	}
	if maxNorm < 0 || math.IsNaN(maxNorm) {
		s.failOp("clip_grad_norm", fmt.Errorf("maximum %v, want 0 (only measure) or more", maxNorm), nil)
		return &Tensor{}
	}
	raws := rawsOf(ps)
	var out raw
	e := C.gt_clip_grad_norm(first(raws), C.int(len(raws)), C.double(maxNorm), &out)
	return s.takeShim("clip_grad_norm", e, out)
}

// ClipGradValue clamps each element of the parameters' gradients to ±maxValue.
func (s *Scope) ClipGradValue(ps []*Tensor, maxValue float64) {
	if !s.usable("clip_grad_value", ps...) {
		return
	}
	if maxValue < 0 || math.IsNaN(maxValue) {
		s.failOp("clip_grad_value", fmt.Errorf("maximum %v, want 0 or more", maxValue), nil)
		return
	}
	raws := rawsOf(ps)
	s.check("clip_grad_value", C.gt_clip_grad_value(first(raws), C.int(len(raws)), C.double(maxValue)))
}

// AdamStep is one update's constants.
type AdamStep struct {
	LR, Beta1, Beta2, Eps float64
	WeightDecay           float64
	Decoupled             bool // AdamW: decay the weights, not through the gradient
}

// FusedAdam updates, in one pass over memory, those params that have a
// gradient, with their first and second moments and their step counts (float32
// scalars, incremented here). The moments must have their parameters' shapes,
// types and memory layouts. Kingma & Ba 2014; decoupled: Loshchilov & Hutter
// 2017.
func (s *Scope) FusedAdam(o AdamStep, params, m, v, steps []*Tensor) {
	const op = "fused_adam"
	for _, ts := range [][]*Tensor{params, m, v, steps} {
		if !s.usable(op, ts...) {
			return
		}
		if len(ts) != len(params) {
			s.failOp(op, fmt.Errorf("%d parameters, %d first moments, %d second moments, %d step counts", len(params), len(m), len(v), len(steps)), nil)
			return
		}
	}
	p, pm, pv, ps := rawsOf(params), rawsOf(m), rawsOf(v), rawsOf(steps)
	s.check(op, C.gt_fused_adam(first(p), first(pm), first(pv), first(ps), C.int(len(p)), C.double(o.LR),
		C.double(o.Beta1), C.double(o.Beta2), C.double(o.WeightDecay), C.double(o.Eps), cbool(o.Decoupled)))
}
