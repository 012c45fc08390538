package torch

// // Without -fopenmp at::parallel_for is a plain loop. The library is libtorch's
// // own: with another there would be two pools of threads.
// #cgo CXXFLAGS: -std=c++17 -O2 -fopenmp -DGOTUNE_NO_COMPAT
// #cgo LDFLAGS: -l:libgomp.so.1
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"strings"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// raw is a pointer to an at::Tensor on the C++ heap.
type raw = unsafe.Pointer

// shimErr turns the message a shim function returned into an error and frees
// it.
func shimErr(e C.gt_error) error {
	if e == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(e))
	return errors.New(firstParagraph(C.GoString(e)))
}

// libtchErr takes the error that gotch's last operator left on this thread. It
// must run on the operator's own thread, which the scope holds.
func libtchErr() error {
	e := libtch.GetAndResetLastErr()
	if e == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(e))
	return errors.New(firstParagraph(C.GoString((*C.char)(unsafe.Pointer(e)))))
}

// firstParagraph drops the C++ stack that ATen appends to its messages.
func firstParagraph(msg string) string {
	msg, _, _ = strings.Cut(msg, "\nException raised from")
	return strings.TrimSpace(msg)
}

func rawsOf(ts []*Tensor) []raw {
	out := make([]raw, len(ts))
	for i, t := range ts {
		out[i] = t.ptr
	}
	return out
}

// first returns what C expects for an array: its first element's address.
func first(ps []raw) *raw {
	if len(ps) == 0 {
		return nil
	}
	return &ps[0]
}

func cdims(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, d := range shape {
		out[i] = int64(d)
	}
	return out
}

func dimPtr(dims []int64) *C.int64_t {
	if len(dims) == 0 {
		return nil
	}
	return (*C.int64_t)(unsafe.Pointer(&dims[0]))
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func b32(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
