package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"strconv"
	"strings"
)

// Tensor is a handle on an ATen tensor, valid until its owner closes. Using it
// later is an error, not a crash.
type Tensor struct {
	ptr raw
	rt  *Runtime
}

// maxDims is what the shape calls have room for; ATen itself allows 64.
const maxDims = 16

// free releases the handle; the memory goes when the last handle on it does.
func (t *Tensor) free() {
	if t.ptr == nil {
		return
	}
	freeRaw(t.ptr)
	t.ptr = nil
	t.rt.live.Add(-1)
}

// Alive says whether the tensor's owner is still open.
func (t *Tensor) Alive() bool { return t != nil && t.ptr != nil }

type meta struct {
	shape        []int
	dtype        DType
	device       Device
	requiresGrad bool
}

func (t *Tensor) meta() meta {
	if !t.Alive() {
		return meta{}
	}
	var dims [maxDims]int64
	var dtype, device, grad C.int
	n := int(C.gt_meta(t.ptr, (*C.int64_t)(&dims[0]), maxDims, &dtype, &device, &grad))
	m := meta{shape: make([]int, min(n, maxDims)), dtype: DType(dtype), device: deviceOf(int(device)), requiresGrad: grad != 0}
	for i := range m.shape {
		m.shape[i] = int(dims[i])
	}
	return m
}

// Shape returns the tensor's dimensions, nil after its owner closed.
func (t *Tensor) Shape() []int { return t.meta().shape }

// DType returns the element type.
func (t *Tensor) DType() DType { return t.meta().dtype }

// Device returns where the elements are.
func (t *Tensor) Device() Device { return t.meta().device }

// RequiresGrad says whether backward computes a gradient for t.
func (t *Tensor) RequiresGrad() bool { return t.meta().requiresGrad }

// Numel returns the number of elements.
func (t *Tensor) Numel() int { return numel(t.Shape()) }

// String returns shape and type, as in [8,384] float32.
func (t *Tensor) String() string {
	switch {
	case t == nil:
		return "nil"
	case t.ptr == nil:
		return "closed"
	}
	m := t.meta()
	return ShapeString(m.shape) + " " + m.dtype.String()
}

// ShapeString writes dimensions as [8,384].
func ShapeString(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func numel(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// OpError is a failed operation: its name, its tensors' shapes and types, and
// libtorch's reason.
type OpError struct {
	Op   string
	Args []string
	Err  error
}

func (e *OpError) Error() string {
	return fmt.Sprintf("%s(%s): %v", e.Op, strings.Join(e.Args, ", "), e.Err)
}

func (e *OpError) Unwrap() error { return e.Err }
