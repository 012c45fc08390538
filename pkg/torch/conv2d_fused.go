package torch

// #include "shim.h"
import "C"

import "fmt"

// Fused maps [N,in,H,W] to [N,out,H',W'] by the convolution, norm (nil: none) and
// ReLU (where relu). On a CPU, and where no gradient is recorded and norm does not
// train, all of it is one pass, with the norm folded into weights that are cast
// and laid out once, until they change. Anywhere else they are the three layers.
//
// Weights of that one pass that are NaN or infinite are an error. Of x they are not
// looked for, and ReLU may make 0 of NaN there.
func (l *Conv2d) Fused(s *Scope, x *Tensor, norm *BatchNorm2d, relu bool) *Tensor {
	return l.fused(s, x, norm, nil, relu, false)
}

// FusedPool is Fused with ReLU, then the largest of each 2×2: [N,out,H'/2,W'/2].
func (l *Conv2d) FusedPool(s *Scope, x *Tensor, norm *BatchNorm2d) *Tensor {
	return l.fused(s, x, norm, nil, true, true)
}

// FusedAdd is Fused with around, what goes around a residual block, added before
// the ReLU: [N,out,H',W'].
func (l *Conv2d) FusedAdd(s *Scope, x *Tensor, norm *BatchNorm2d, around *Tensor) *Tensor {
	return l.fused(s, x, norm, around, true, false)
}

// FusedPair maps x [N,in,H,W] as l.Fused does with ReLU, and that as next's: to
// [N,out,H',W'], or, pooled, as next.FusedPool, [N,out,H'/2,W'/2]. Where l takes three
// channels, both are 3×3 with stride and padding 1, and a CPU with matrix units runs
// them in bfloat16, what l makes is never all in memory, where it is 20 times as large
// as a picture. Errors are those of the two.
func (l *Conv2d) FusedPair(s *Scope, x *Tensor, norm *BatchNorm2d, next *Conv2d, nextNorm *BatchNorm2d, pool bool) *Tensor {
	if y, ok := l.fusedPair(s, x, norm, next, nextNorm, pool); ok {
		return y
	}
	return s.Block(func(s *Scope) *Tensor { return next.fused(s, l.Fused(s, x, norm, true), nextNorm, nil, true, pool) })
}

func (l *Conv2d) fusedPair(s *Scope, x *Tensor, norm *BatchNorm2d, next *Conv2d, nextNorm *BatchNorm2d, pool bool) (y *Tensor, ok bool) {
	if !l.one() || !next.one() {
		return nil, false
	}
	a, b := l.inFused(s, norm), next.inFused(s, nextNorm)
	args := []*Tensor{x}
	args = append(args, a.args...)
	args = append(args, b.args...)
	if !s.ready("conv2d", args...) {
		return &Tensor{}, true
	}
	var out raw
	e := C.gt_conv_pair(l.slot, next.slot, x.ptr, &a.ts[0], &b.ts[0], C.double(a.eps), C.double(b.eps),
		cbool(a.trains || b.trains), cbool(pool), &out)
	if shimErr(e) != nil || out == nil { // one by one they tell which is wrong
		return nil, false
	}
	return s.own(out), true
}

// one says whether stride and padding are 1.
func (l *Conv2d) one() bool { return l.stride[0] == 1 && l.padding[0] == 1 }

// inFused is what the shim takes of a convolution and the norm behind it.
type inFused struct {
	args   []*Tensor
	ts     [7]raw
	eps    float64
	trains bool
}

func (l *Conv2d) inFused(s *Scope, norm *BatchNorm2d) *inFused {
	f := &inFused{}
	add := func(i int, p *Parameter) {
		f.args = append(f.args, p.T)
		if p.T.Alive() {
			f.ts[i] = p.T.ptr
		}
	}
	add(0, l.Weight)
	if l.Bias != nil {
		add(1, l.Bias)
	}
	if norm != nil {
		for i, p := range []*Parameter{norm.Weight, norm.Bias, norm.RunningMean, norm.RunningVar, norm.NumBatchesTracked} {
			add(2+i, p)
		}
		f.eps, f.trains = norm.Eps, s.mode.Train && norm.Weight.Trainable()
	}
	return f
}

func (l *Conv2d) fused(s *Scope, x *Tensor, norm *BatchNorm2d, around *Tensor, relu, pool bool) *Tensor {
	f := l.inFused(s, norm)
	args := []*Tensor{x}
	args = append(args, f.args...)
	if around != nil {
		args = append(args, around)
	}
	if !s.ready("conv2d", args...) {
		return &Tensor{}
	}
	var added, out raw
	if around != nil {
		added = around.ptr
	}
	e := C.gt_conv_fused(l.slot, x.ptr, &f.ts[0], C.double(f.eps), cbool(f.trains),
		C.int64_t(l.stride[0]), C.int64_t(l.padding[0]), added, cbool(relu), cbool(pool), &out)
	if err := shimErr(e); err != nil {
		s.failOp("conv2d", fmt.Errorf("%s: %w", l.Weight.Name, err), []*Tensor{x, l.Weight.T})
		return &Tensor{}
	}
	if out != nil {
		return s.own(out)
	}
	y := l.recorded(s, x, relu && norm == nil && around == nil)
	if norm != nil {
		y = norm.Forward(s, y)
	}
	if around != nil {
		y = s.Add(y, around)
	}
	if relu && (norm != nil || around != nil) {
		y = s.ReLU(y)
	}
	if pool {
		y = s.MaxPool2d(y, 2, 2, 0)
	}
	return y
}

// recorded is Forward, with ReLU, where a gradient is asked.
func (l *Conv2d) recorded(s *Scope, x *Tensor, relu bool) *Tensor {
	args := []*Tensor{x, l.Weight.T}
	if l.Bias != nil {
		args = append(args, l.Bias.T)
	}
	if !s.ready("conv2d", args...) {
		return &Tensor{}
	}
	var bias, out raw
	if l.Bias != nil {
		bias = l.Bias.T.ptr
	}
	e := C.gt_conv_recorded(x.ptr, l.Weight.T.ptr, bias, C.int64_t(l.stride[0]), C.int64_t(l.padding[0]), cbool(relu), &out)
	if e != nil || out != nil {
		return s.takeShim("conv2d", e, out, x, l.Weight.T)
	}
	y := l.Forward(s, x)
	if relu {
		y = s.ReLU(y)
	}
	return y
}

// newSlot makes room for the packed weights; the store frees it.
func (st *Store) newSlot() (raw, error) {
	var slot raw
	if err := shimErr(C.gt_slot(&slot)); err != nil {
		return nil, err
	}
	st.slots = append(st.slots, slot)
	return slot, nil
}

func (st *Store) freeSlots() {
	for _, slot := range st.slots {
		C.gt_slot_free(slot)
	}
	st.slots = nil
}
