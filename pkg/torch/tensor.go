package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Tensor is a handle on an ATen tensor, valid until its owner closes. Using it
// later is an error, not a crash.
type Tensor struct {
	ptr  raw
	rt   *Runtime
	gone *atomic.Bool // the store that owns it has closed; nil: a scope owns it
}

// usualDims is how many dimensions are asked for at first; few tensors have
// more.
const usualDims = 8

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
func (t *Tensor) Alive() bool { return t != nil && (t.gone == nil || !t.gone.Load()) && t.ptr != nil }

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
	dims := make([]C.int64_t, usualDims)
	var n, dtype, device, grad C.int
	for {
		if err := shimErr(C.gt_meta(t.ptr, &dims[0], C.int(len(dims)), &n, &dtype, &device, &grad)); err != nil {
			return meta{}
		}
		if int(n) <= len(dims) {
			break
		}
		dims = make([]C.int64_t, n)
	}
	m := meta{shape: make([]int, n), dtype: DType(dtype), device: deviceOf(int(device)), requiresGrad: grad != 0}
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

// Numel returns the number of elements, 0 after its owner closed.
func (t *Tensor) Numel() int {
	if !t.Alive() {
		return 0
	}
	return numel(t.Shape())
}

// String returns shape and type, as in [8,384] float32.
func (t *Tensor) String() string {
	switch {
	case t == nil:
		return "nil"
	case !t.Alive():
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

// checkShape says what is wrong with a tensor to be made: a negative dimension,
// an unknown element type, or more bytes than an address can hold. The product
// alone would not show the first two of [-2,-3], nor an overflow.
func checkShape(shape []int, dtype DType) error {
	size := dtype.Size()
	if size == 0 {
		return fmt.Errorf("unknown element type %s", dtype)
	}
	for i, d := range shape {
		if d < 0 {
			return fmt.Errorf("shape %s: dimension %d is negative", ShapeString(shape), i)
		}
	}
	if slices.Contains(shape, 0) {
		return nil
	}
	for _, d := range shape {
		if size > math.MaxInt/d {
			return fmt.Errorf("shape %s: too large", ShapeString(shape))
		}
		size *= d
	}
	return nil
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
