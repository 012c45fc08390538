package torch

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Float reads the one element of t. On a GPU it waits for all that was asked of
// it: read losses at the logging interval, not at every step. On an error it returns
// NaN, which no bound that a loop stops at compares well with.
func (s *Scope) Float(t *Tensor) float64 {
	if !s.usable("item", t) {
		return math.NaN()
	}
	var v C.double
	if !s.check("item", C.gt_item(t.ptr, &v), t) {
		return math.NaN()
	}
	return float64(v)
}

// Floats copies t to the host as float32, whatever its type; on an error it
// returns nil.
func (s *Scope) Floats(t *Tensor) []float32 { return copyOut[float32](s, t) }

// Doubles copies t to the host as float64.
func (s *Scope) Doubles(t *Tensor) []float64 { return copyOut[float64](s, t) }

// Ints copies t to the host as int64.
func (s *Scope) Ints(t *Tensor) []int64 { return copyOut[int64](s, t) }

func copyOut[E Element](s *Scope, t *Tensor) []E {
	if !s.usable("copy_out", t) {
		return nil
	}
	dst := make([]E, t.Numel())
	if err := CopyOut(dst, t); err != nil {
		s.failOp("copy_out", err, []*Tensor{t})
		return nil
	}
	return dst
}

// CopyOut copies t's elements, converted to E, to dst on the host. Another
// number of elements, or a tensor whose owner has closed, is an error.
func CopyOut[E Element](dst []E, t *Tensor) error {
	if !t.Alive() {
		return ErrClosed
	}
	if n := t.Numel(); n != len(dst) {
		return fmt.Errorf("copy %s to a slice of %d", t, len(dst))
	}
	if len(dst) == 0 {
		return nil
	}
	dtype := dtypeOf[E]()
	return shimErr(C.gt_copy_out(t.ptr, unsafe.Pointer(&dst[0]), C.size_t(len(dst)*dtype.Size()), C.int(dtype)))
}

// CopyBytes copies t's elements in their own type, in the machine's byte order.
func CopyBytes(t *Tensor) ([]byte, error) {
	if !t.Alive() {
		return nil, ErrClosed
	}
	m := t.meta()
	dst := make([]byte, numel(m.shape)*m.dtype.Size())
	return dst, copyBytes(dst, t)
}

func copyBytes(dst []byte, t *Tensor) error {
	if !t.Alive() {
		return ErrClosed
	}
	if len(dst) == 0 {
		return nil
	}
	return shimErr(C.gt_copy_out(t.ptr, unsafe.Pointer(&dst[0]), C.size_t(len(dst)), C.int(t.meta().dtype)))
}

// CopyIn overwrites t's elements with src, which holds elements of type dtype in
// the machine's byte order, converting them. The size must fit.
func CopyIn(t *Tensor, src []byte, dtype DType) error {
	if !t.Alive() {
		return ErrClosed
	}
	if dtype.Size() == 0 {
		return fmt.Errorf("unknown element type %s", dtype)
	}
	if t.Numel()*dtype.Size() != len(src) {
		return fmt.Errorf("copy %d bytes of %s into %s", len(src), dtype, t)
	}
	if len(src) == 0 {
		return nil
	}
	return shimErr(C.gt_copy_in(t.ptr, unsafe.Pointer(&src[0]), C.size_t(len(src)), C.int(dtype)))
}

// errNoGrad says that a tensor has no gradient to read.
var errNoGrad = errors.New("no gradient; is the parameter frozen, or was Backward not called?")
