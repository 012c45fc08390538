package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// As returns the tensor in another floating-point type, F32, F16 or BF16, rounded
// to nearest, ties to even, in memory of its own. What is no floating-point tensor,
// or is of that type, comes back as it is. A finite number beyond F16's range is an
// error.
func (t Tensor) As(to DType) (Tensor, error) {
	if !t.DType.Float() || t.DType == to {
		return t, nil
	}
	v, err := t.Float32s()
	if err != nil {
		return Tensor{}, err
	}
	data := make([]byte, len(v)*to.Size())
	for i, x := range v {
		switch to {
		case F32:
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(x))
		case BF16:
			binary.LittleEndian.PutUint16(data[2*i:], toBF16(x))
		case F16:
			h := toF16(x)
			if h&0x7fff == 0x7c00 && !math.IsInf(float64(x), 0) {
				return Tensor{}, fmt.Errorf("%g is beyond the range of %s", x, to)
			}
			binary.LittleEndian.PutUint16(data[2*i:], h)
		default:
			return Tensor{}, fmt.Errorf("type %s: want F32, F16 or BF16", to)
		}
	}
	return Tensor{Name: t.Name, DType: to, Shape: t.Shape, Data: data}, nil
}

// toBF16 keeps the upper half; a NaN stays one.
func toBF16(x float32) uint16 {
	u := math.Float32bits(x)
	if u&0x7fffffff > 0x7f800000 {
		return uint16(u>>16) | 0x40
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// toF16 is IEEE 754's conversion to binary16.
func toF16(x float32) uint16 {
	u := math.Float32bits(x)
	sign := uint16(u >> 16 & 0x8000)
	u &= 0x7fffffff
	switch {
	case u > 0x7f800000: // NaN
		return sign | 0x7e00
	case u >= 0x477ff000: // rounds to 65536 or more
		return sign | 0x7c00
	case u < 0x38800000: // below the least normal, 2^-14: units of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(u))*(1<<24)))
	}
	// A new bias of 15 instead of 127, and 10 bits of fraction instead of 23. What
	// rounding carries into the exponent is right there.
	return sign | uint16((u-112<<23+0xfff+u>>13&1)>>13)
}
