package torch

// #include "shim.h"
import "C"

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
	if !s.ready("grad", p) {
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
	if !s.ready("grad", p) {
		return false
	}
	var out raw
	if err := shimErr(C.gt_grad(p.ptr, &out)); err != nil || out == nil {
		return false
	}
	s.own(out)
	return true
}

// ZeroGrads drops the parameters' gradients: the next Backward makes new ones.
func (s *Scope) ZeroGrads(ps []*Tensor) {
	if !s.ready("zero_grads", ps...) {
		return
	}
	raws := rawsOf(ps)
	s.check("zero_grads", C.gt_zero_grads(first(raws), C.int(len(raws))))
}

// ClipGradNorm scales the parameters' gradients so that their global L2 norm is
// at most maxNorm, and returns the norm before, a scalar on the device. With
// maxNorm 0 it only measures. No gradient at all is an error.
func (s *Scope) ClipGradNorm(ps []*Tensor, maxNorm float64) *Tensor {
	if !s.ready("clip_grad_norm", ps...) {
		return &Tensor{}
	}
	raws := rawsOf(ps)
	var out raw
	e := C.gt_clip_grad_norm(first(raws), C.int(len(raws)), C.double(maxNorm), &out)
	return s.takeShim("clip_grad_norm", e, out)
}

// ClipGradValue clamps each element of the parameters' gradients to ±maxValue.
func (s *Scope) ClipGradValue(ps []*Tensor, maxValue float64) {
	if !s.ready("clip_grad_value", ps...) {
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
// scalars, incremented here). Kingma & Ba 2014; decoupled: Loshchilov & Hutter
// 2017.
func (s *Scope) FusedAdam(o AdamStep, params, m, v, steps []*Tensor) {
	if !s.ready("fused_adam", params...) || !s.ready("fused_adam", m...) || !s.ready("fused_adam", v...) || !s.ready("fused_adam", steps...) {
		return
	}
	p, pm, pv, ps := rawsOf(params), rawsOf(m), rawsOf(v), rawsOf(steps)
	s.check("fused_adam", C.gt_fused_adam(first(p), first(pm), first(pv), first(ps), C.int(len(p)), C.double(o.LR),
		C.double(o.Beta1), C.double(o.Beta2), C.double(o.WeightDecay), C.double(o.Eps), cbool(o.Decoupled)))
}
