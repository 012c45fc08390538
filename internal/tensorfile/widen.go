package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Float32s returns the elements as float32 in memory of their own. F16 and BF16
// widen exactly, F64 rounds; an integer or boolean tensor is an error.
func (t Tensor) Float32s() ([]float32, error) {
	if err := t.floatErr(); err != nil {
		return nil, err
	}
	dst := make([]float32, t.Numel())
	return dst, t.Float32sInto(dst)
}

// Float32sInto is Float32s into dst, whose length must be t.Numel().
func (t Tensor) Float32sInto(dst []float32) error {
	if err := t.floatErr(); err != nil {
		return err
	}
	if n := t.Numel(); len(dst) != n {
		return fmt.Errorf("tensor %q: %d elements do not fit a slice of %d", t.Name, n, len(dst))
	}
	switch t.DType {
	case F32:
		copyF32(dst, t.Data)
	case F16:
		widenF16(dst, t.Data)
	case BF16:
		widenBF16(dst, t.Data)
	case F64:
		narrowF64(dst, t.Data)
	}
	return nil
}

func (t Tensor) floatErr() error {
	if err := t.Validate(); err != nil {
		return err
	}
	if !t.DType.Float() {
		return fmt.Errorf("tensor %q: %s elements are not floating-point numbers", t.Name, t.DType)
	}
	return nil
}

func copyF32(dst []float32, src []byte) {
	if len(dst) == 0 {
		return
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		// Bytes, not float32s: a tensor in a mapped file need not be aligned.
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), 4*len(dst)), src)
		return
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func widenBF16(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		// bfloat16 is the upper half of a float32.
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}

func narrowF64(dst []float32, src []byte) {
	src = src[:8*len(dst)]
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}
