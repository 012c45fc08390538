package tensorfile

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// wantF16 decodes a half as IEEE 754 defines it, in float64 arithmetic.
func wantF16(h uint16) float64 {
	sign := 1.0
	if h>>15 == 1 {
		sign = -1
	}
	exp, frac := int(h>>10&31), float64(h&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac == 0 {
			return math.Inf(int(sign))
		}
		return math.NaN()
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

func TestFloat32sEveryF16(t *testing.T) {
	data := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(data[2*i:], uint16(i))
	}
	got, err := Tensor{Name: "t", DType: F16, Shape: []int{1 << 16}, Data: data}.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	// In groups of four neighbours above; here each among normal numbers, so
	// that one special value in a group is seen in every place.
	for i := range 1 << 16 {
		group := []byte{0, 0x3c, 0, 0xbc, 0, 0x3c, 0, 0xbc} // 1, -1, 1, -1
		lane := i % 4
		binary.LittleEndian.PutUint16(group[2*lane:], uint16(i))
		var four [4]float32
		widenF16(four[:], group)
		for k, v := range four {
			want := []float32{1, -1, 1, -1}[k]
			if k == lane {
				want = got[i]
			}
			if math.Float32bits(v) != math.Float32bits(want) {
				t.Fatalf("half %#04x in place %d: element %d is %v, want %v", i, lane, k, v, want)
			}
		}
	}
	for i, g := range got {
		want := wantF16(uint16(i))
		if math.IsNaN(want) != (g != g) || (!math.IsNaN(want) && math.Float64bits(float64(g)) != math.Float64bits(want)) {
			t.Fatalf("half %#04x is %v, want %v", i, g, want)
		}
	}
}

func TestFloat32s(t *testing.T) {
	le := binary.LittleEndian
	for _, c := range []struct {
		dtype DType
		data  []byte
		want  []float32
	}{
		{F32, le.AppendUint32(le.AppendUint32(nil, math.Float32bits(-1.5)), 0x7f800000), []float32{-1.5, float32(math.Inf(1))}},
		{BF16, []byte{0x80, 0x3f, 0x20, 0xc0}, []float32{1, -2.5}},
		{F64, le.AppendUint64(le.AppendUint64(nil, math.Float64bits(math.Pi)), math.Float64bits(1e300)), []float32{math.Pi, float32(math.Inf(1))}},
	} {
		// One byte in front: a mapped tensor may begin at any address.
		odd := append([]byte{0}, c.data...)
		got, err := Tensor{Name: "t", DType: c.dtype, Shape: []int{2}, Data: odd[1:]}.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.want {
			if got[i] != c.want[i] {
				t.Errorf("%s: element %d is %v, want %v", c.dtype, i, got[i], c.want[i])
			}
		}
	}
}

func TestFloat32sErrors(t *testing.T) {
	for _, c := range []struct {
		tensor Tensor
		dst    int
		want   string
	}{
		{Tensor{Name: "ids", DType: I64, Shape: []int{1}, Data: make([]byte, 8)}, 1, `tensor "ids": I64 elements are not`},
		{Tensor{Name: "w", DType: F32, Shape: []int{2}, Data: make([]byte, 8)}, 3, `tensor "w": 2 elements do not fit a slice of 3`},
		{Tensor{Name: "w", DType: F32, Shape: []int{2}, Data: make([]byte, 7)}, 2, `tensor "w": 7 bytes of data`},
		{Tensor{Name: "w", DType: F32, Shape: []int{-2}}, 2, `tensor "w": shape [-2] has a negative dimension`},
		{Tensor{Name: "w", DType: "F4", Shape: []int{2}}, 2, `tensor "w": dtype "F4" is not supported`},
		{Tensor{Name: "w", DType: F32, Shape: []int{1 << 32, 1 << 32}}, 2, `overflows`},
	} {
		if err := c.tensor.Float32sInto(make([]float32, c.dst)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
