package tensorfile

import (
	"fmt"
	"math"
	"math/bits"
)

// DType is the type of a tensor's elements, by its safetensors name.
type DType string

// The element types, little endian on disk.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	BOOL DType = "BOOL"
)

// Size returns the bytes of one element, 0 for a type that is not known.
func (d DType) Size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, BOOL:
		return 1
	}
	return 0
}

// Float reports whether the elements are floating-point numbers.
func (d DType) Float() bool {
	return d == F64 || d == F32 || d == F16 || d == BF16
}

// byteSize returns the bytes of a tensor of this type and shape. A negative
// dimension, an unknown type or a product beyond int is an error.
func (d DType) byteSize(shape []int) (int, error) {
	size := d.Size()
	if size == 0 {
		return 0, fmt.Errorf("dtype %q is not supported", string(d))
	}
	// A zero anywhere makes the tensor empty, whatever its other dimensions:
	// 2^40 × 2^40 × 0 must not count as an overflow.
	empty := false
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		empty = empty || n == 0
	}
	if empty {
		return 0, nil
	}
	total := uint64(size)
	for _, n := range shape {
		hi, lo := bits.Mul64(total, uint64(n))
		if hi != 0 || lo > math.MaxInt {
			return 0, fmt.Errorf("shape %v of %s overflows", shape, d)
		}
		total = lo
	}
	return int(total), nil
}
