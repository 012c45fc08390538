package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// FromSlice copies data to the runtime's device as a tensor of that shape. A
// shape of another size than the slice's is an error.
func FromSlice[E Element](s *Scope, data []E, shape ...int) *Tensor {
	return fromSlice(s, data, dtypeOf[E](), shape)
}

// FromBool copies data as a tensor of Bool.
func FromBool(s *Scope, data []bool, shape ...int) *Tensor {
	return fromSlice(s, data, Bool, shape)
}

func fromSlice[E any](s *Scope, data []E, dtype DType, shape []int) *Tensor {
	const op = "from_slice"
	if !s.usable(op) {
		return &Tensor{}
	}
	if err := checkShape(shape, dtype); err != nil {
		s.failOp(op, err, nil)
		return &Tensor{}
	}
	if numel(shape) != len(data) {
		s.failOp(op, fmt.Errorf("%d elements for shape %s", len(data), ShapeString(shape)), nil)
		return &Tensor{}
	}
	var p *E
	if len(data) > 0 {
		p = &data[0]
	}
	return s.fromPointer(op, unsafe.Pointer(p), dtype, shape)
}

// FromBytes copies the elements, in the machine's byte order, as a tensor of
// dtype.
func (s *Scope) FromBytes(data []byte, dtype DType, shape ...int) *Tensor {
	const op = "from_bytes"
	if !s.usable(op) {
		return &Tensor{}
	}
	if err := checkShape(shape, dtype); err != nil {
		s.failOp(op, err, nil)
		return &Tensor{}
	}
	if numel(shape)*dtype.Size() != len(data) {
		s.failOp(op, fmt.Errorf("%d bytes for shape %s of %s", len(data), ShapeString(shape), dtype), nil)
		return &Tensor{}
	}
	var p *byte
	if len(data) > 0 {
		p = &data[0]
	}
	return s.fromPointer(op, unsafe.Pointer(p), dtype, shape)
}

func (s *Scope) fromPointer(op string, p unsafe.Pointer, dtype DType, shape []int) *Tensor {
	dims := cdims(shape)
	dev := s.rt.opts.Device
	var out raw
	// Pinned memory lets the copy to a GPU run beside the kernels.
	e := C.gt_from_data(&out, p, dimPtr(dims), C.int(len(dims)), C.int(dtype), C.int(dev.code()), cbool(dev.IsCUDA()))
	return s.takeShim(op, e, out)
}

// Full returns a tensor of that shape with every element v, on the runtime's
// device.
func (s *Scope) Full(v float64, dtype DType, shape ...int) *Tensor {
	if !s.usable("full") {
		return &Tensor{}
	}
	if err := checkShape(shape, dtype); err != nil {
		s.failOp("full", err, nil)
		return &Tensor{}
	}
	dims := cdims(shape)
	var out raw
	e := C.gt_full(&out, dimPtr(dims), C.int(len(dims)), C.double(v), C.int(dtype), C.int(s.rt.opts.Device.code()))
	return s.takeShim("full", e, out)
}

// Zeros returns a tensor of zeros.
func (s *Scope) Zeros(dtype DType, shape ...int) *Tensor { return s.Full(0, dtype, shape...) }

// Ones returns a tensor of ones.
func (s *Scope) Ones(dtype DType, shape ...int) *Tensor { return s.Full(1, dtype, shape...) }
