package tensorfile

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every half-precision number survives the way up and down.
func TestNarrowEveryHalf(t *testing.T) {
	data := make([]byte, 2<<16)
	for h := range 1 << 16 {
		binary.LittleEndian.PutUint16(data[2*h:], uint16(h))
	}
	for _, dtype := range []DType{F16, BF16} {
		wide, err := Tensor{Name: "x", DType: dtype, Shape: []int{1 << 16}, Data: data}.As(F32)
		if err != nil {
			t.Fatal(err)
		}
		back, err := wide.As(dtype)
		if err != nil {
			t.Fatal(err)
		}
		for h := range 1 << 16 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(wide.Data[4*h:]))
			got := binary.LittleEndian.Uint16(back.Data[2*h:])
			if math.IsNaN(float64(x)) {
				v, err := Tensor{DType: dtype, Shape: []int{1}, Data: back.Data[2*h : 2*h+2]}.Float32s()
				if err != nil || !math.IsNaN(float64(v[0])) {
					t.Fatalf("%s %#04x, NaN, came back as %v, %v", dtype, h, v, err)
				}
			} else if got != uint16(h) {
				t.Fatalf("%s %#04x came back as %#04x", dtype, h, got)
			}
		}
	}
}

// A number goes to one of the two halves around it, the nearer.
func TestNarrowToTheNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := float32(rapid.Float64Range(-60000, 60000).Draw(t, "x") * math.Pow(2, rapid.Float64Range(-30, 0).Draw(t, "scale")))
		for _, dtype := range []DType{F16, BF16} {
			in := Tensor{DType: F32, Shape: []int{1}, Data: binary.LittleEndian.AppendUint32(nil, math.Float32bits(x))}
			half, err := in.As(dtype)
			if err != nil {
				t.Fatal(err)
			}
			h := binary.LittleEndian.Uint16(half.Data)
			value := func(h uint16) float64 {
				v, err := Tensor{DType: dtype, Shape: []int{1}, Data: binary.LittleEndian.AppendUint16(nil, h)}.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				return float64(v[0])
			}
			off := math.Abs(value(h) - float64(x))
			for _, other := range []uint16{h - 1, h + 1} {
				d := math.Abs(value(other) - float64(x))
				if d < off || d == off && h&1 == 1 && other != h {
					t.Fatalf("%s(%g) = %#04x, off by %g; %#04x is off by %g", dtype, x, h, off, other, d)
				}
			}
		}
	})
}

func TestNarrowBeyondRange(t *testing.T) {
	in := Tensor{Name: "x", DType: F32, Shape: []int{1}, Data: binary.LittleEndian.AppendUint32(nil, math.Float32bits(70000))}
	if _, err := in.As(F16); err == nil || !strings.Contains(err.Error(), "70000 is beyond the range of F16") {
		t.Errorf("error %v", err)
	}
}
