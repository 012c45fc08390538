package torch

// #include "shim.h"
import "C"

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// Reshape returns x with other dimensions; one of them may be -1, the rest.
func (s *Scope) Reshape(x *Tensor, shape ...int) *Tensor {
	if !s.ready("reshape", x) {
		return &Tensor{}
	}
	dims := cdims(shape)
	var out raw
	e := C.gt_reshape(x.ptr, dimPtr(dims), C.int(len(dims)), &out)
	return s.takeShim("reshape"+ShapeString(shape), e, out, x)
}

// Flatten merges the dimensions from start to the last.
func (s *Scope) Flatten(x *Tensor, start int) *Tensor {
	if !s.ready("flatten", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgFlatten(&out, ct(x), int64(start), -1)
	return s.take("flatten", raw(out), x)
}

// Transpose swaps two dimensions.
func (s *Scope) Transpose(x *Tensor, i, j int) *Tensor {
	if !s.ready("transpose", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgTranspose(&out, ct(x), int64(i), int64(j))
	return s.take("transpose", raw(out), x)
}

// Permute reorders the dimensions.
func (s *Scope) Permute(x *Tensor, order ...int) *Tensor {
	if !s.ready("permute", x) || !s.some("permute", len(order), x) {
		return &Tensor{}
	}
	dims := cdims(order)
	var out libtch.Ctensor
	libtch.AtgPermute(&out, ct(x), dims, len(dims))
	return s.take("permute", raw(out), x)
}

// Unsqueeze inserts a dimension of 1.
func (s *Scope) Unsqueeze(x *Tensor, dim int) *Tensor {
	if !s.ready("unsqueeze", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgUnsqueeze(&out, ct(x), int64(dim))
	return s.take("unsqueeze", raw(out), x)
}

// Expand broadcasts dimensions of 1 without copying.
func (s *Scope) Expand(x *Tensor, shape ...int) *Tensor {
	if !s.ready("expand", x) || !s.some("expand", len(shape), x) {
		return &Tensor{}
	}
	dims := cdims(shape)
	var out libtch.Ctensor
	libtch.AtgExpand(&out, ct(x), dims, len(dims), 0)
	return s.take("expand", raw(out), x)
}

// Select returns x at one index of a dimension, which goes.
func (s *Scope) Select(x *Tensor, dim, index int) *Tensor {
	if !s.ready("select", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgSelect(&out, ct(x), int64(dim), int64(index))
	return s.take("select", raw(out), x)
}

// Narrow returns length entries of a dimension from start on.
func (s *Scope) Narrow(x *Tensor, dim, start, length int) *Tensor {
	if !s.ready("narrow", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgNarrow(&out, ct(x), int64(dim), int64(start), int64(length))
	return s.take("narrow", raw(out), x)
}

// IndexSelect returns the entries of a dimension that index, of Int64, names. One that
// is not there is an error; a GPU finds it too late, and ends the process.
func (s *Scope) IndexSelect(x *Tensor, dim int, index *Tensor) *Tensor {
	if !s.ready("index_select", x, index) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgIndexSelect(&out, ct(x), int64(dim), ct(index))
	return s.take("index_select", raw(out), x, index)
}

// Cat joins tensors along a dimension.
func (s *Scope) Cat(xs []*Tensor, dim int) *Tensor {
	if !s.ready("cat", xs...) || !s.some("cat", len(xs)) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgCat(&out, ctensors(xs), len(xs), int64(dim))
	return s.take("cat", raw(out), xs...)
}

func ctensors(xs []*Tensor) []libtch.Ctensor {
	out := make([]libtch.Ctensor, len(xs))
	for i, x := range xs {
		out[i] = ct(x)
	}
	return out
}

// To copies x to a device: the CPU, or the one the runtime was opened on.
func (s *Scope) To(x *Tensor, d Device) *Tensor {
	op := "to " + d.String()
	if !s.ready(op, x) {
		return &Tensor{}
	}
	if own := s.rt.opts.Device; d != CPU && d != own {
		s.failOp(op, &DeviceError{Device: d.String(), Why: "the runtime was opened on " + own.String()}, []*Tensor{x})
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgTo(&out, ct(x), int32(d.code()))
	return s.take(op, raw(out), x)
}

// Cast converts x's elements.
func (s *Scope) Cast(x *Tensor, dtype DType) *Tensor {
	if !s.ready("cast", x) {
		return &Tensor{}
	}
	if dtype.Size() == 0 {
		s.failOp("cast", fmt.Errorf("unknown element type %s", dtype), []*Tensor{x})
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgToDtype(&out, ct(x), int32(dtype), 0, 0)
	return s.take("cast", raw(out), x)
}

// Contiguous returns x laid out densely, row by row.
func (s *Scope) Contiguous(x *Tensor) *Tensor { return s.memoryFormat(x, false) }

// ChannelsLast returns x, [N,C,H,W], laid out with its channels innermost: the
// layout in which convolutions run fastest on CPUs.
func (s *Scope) ChannelsLast(x *Tensor) *Tensor { return s.memoryFormat(x, true) }

func (s *Scope) memoryFormat(x *Tensor, channelsLast bool) *Tensor {
	if !s.ready("contiguous", x) {
		return &Tensor{}
	}
	var out raw
	e := C.gt_memory_format(x.ptr, cbool(channelsLast), &out)
	return s.takeShim("contiguous", e, out, x)
}
