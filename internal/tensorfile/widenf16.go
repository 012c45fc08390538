package tensorfile

import (
	"encoding/binary"
	"math"
)

// Lanes of a 64-bit word: four halves, or two float32s.
const (
	halves = 0x0001_0001_0001_0001
	words  = 0x0000_0001_0000_0001
)

// f16Bias is what the exponent of a half is short of a float32's, in place.
const f16Bias = 112 << 23

// widenF16 converts four halves at a time: a normal number only wants its fields
// moved apart and its exponent raised. Weights are nearly always that; a group
// with a zero, a subnormal, an infinity or a NaN takes the slower way. Three
// times the speed of one at a time.
func widenF16(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for len(dst) >= 4 {
		x := binary.LittleEndian.Uint64(src)
		if normalF16s(x) {
			lo := widenPair(x&0xffff | x<<16&0xffff_0000_0000)
			hi := widenPair(x>>32&0xffff | x>>16&0xffff_0000_0000)
			dst[0] = math.Float32frombits(uint32(lo))
			dst[1] = math.Float32frombits(uint32(lo >> 32))
			dst[2] = math.Float32frombits(uint32(hi))
			dst[3] = math.Float32frombits(uint32(hi >> 32))
		} else {
			for i := range dst[:4] {
				dst[i] = fromF16(uint32(x >> (16 * i) & 0xffff))
			}
		}
		dst, src = dst[4:], src[8:]
	}
	for i := range dst {
		dst[i] = fromF16(uint32(binary.LittleEndian.Uint16(src[2*i:])))
	}
}

// normalF16s reports whether no exponent of the four is all zeros or all ones:
// one more makes those 1 and, with a carry, 0, so that a higher bit of the
// exponent is set in all others; adding 0x7800 carries it to the top.
func normalF16s(x uint64) bool {
	e := (x&(0x7c00*halves) + 0x0400*halves) & (0x7800 * halves)
	return (e+0x7800*halves)&(0x8000*halves) == 0x8000*halves
}

// widenPair widens two normal halves, each in the low bits of its word.
func widenPair(x uint64) uint64 {
	return x&(0x7fff*words)<<13 + f16Bias*words | x&(0x8000*words)<<16
}

// fromF16 widens any half. Subnormals are put into the mantissa of 2^-14, which
// the subtraction then removes, exactly; infinities and NaNs need the bias twice
// to reach an exponent of all ones.
func fromF16(h uint32) float32 {
	magnitude := h & 0x7fff
	b := magnitude<<13 + f16Bias
	switch {
	case magnitude < 0x0400:
		b = math.Float32bits(math.Float32frombits(b+1<<23) - 0x1p-14)
	case magnitude >= 0x7c00:
		b += f16Bias
	}
	return math.Float32frombits(b | h&0x8000<<16)
}
