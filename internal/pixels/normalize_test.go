package pixels

import (
	"math"
	"testing"
)

// The bits that torchvision 0.26's normalize(pixel/255) gives for the pixel
// (10, 200, 255).
func TestNormalizeEqualsTorchvision(t *testing.T) {
	var got [3]float32
	if err := ImageNet().Normalizer().Apply(got[:], []uint8{10, 200, 255}, HWC); err != nil {
		t.Fatal(err)
	}
	for c, want := range []uint32{0xbff92c0a, 0x3fbb9b9c, 0x4028f5c3} {
		if bits := math.Float32bits(got[c]); bits != want {
			t.Errorf("channel %d: %#x (%v), want %#x", c, bits, got[c], want)
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		name string
		n    Normalization
		want [3]float32 // of the pixel (10, 200, 255)
	}{
		{"documented", Normalization{}, [3]float32{float32(10) / 255, float32(200) / 255, 1}},
		{"ImageNet", ImageNet(), [3]float32{-1.9466565, 1.4656863, 2.64}},
		{"Keras VGG", KerasVGG(), [3]float32{255 - 103.939, 200 - 116.779, 10 - 123.68}},
	} {
		norm := c.n.Normalizer()
		src := []uint8{0, 10, 0, 200, 0, 255} // CHW, two pixels
		dst := make([]float32, 6)
		if err := norm.Apply(dst, src, CHW); err != nil {
			t.Fatal(err)
		}
		if got := [3]float32{dst[1], dst[3], dst[5]}; !closeTo(got, c.want) {
			t.Errorf("%s, CHW: %v, want %v", c.name, got, c.want)
		}
		if err := norm.Apply(dst, []uint8{0, 0, 0, 10, 200, 255}, HWC); err != nil {
			t.Fatal(err)
		}
		if got := [3]float32(dst[3:]); !closeTo(got, c.want) {
			t.Errorf("%s, HWC: %v, want %v", c.name, got, c.want)
		}
	}
	if err := ImageNet().Normalizer().Apply(make([]float32, 3), make([]uint8, 6), CHW); err == nil {
		t.Error("buffers of different length were accepted")
	}
}

// closeTo allows the last digits of the decimal constants.
func closeTo(got, want [3]float32) bool {
	for i := range got {
		if d := got[i] - want[i]; d > 1e-5 || d < -1e-5 {
			return false
		}
	}
	return true
}

// Both layouts give the same numbers, at lengths that are no multiple of the
// loop's stride too.
func TestNormalizeLayoutsAgree(t *testing.T) {
	for _, norm := range []Normalization{ImageNet(), KerasVGG()} {
		const n = 7
		pix := make([]uint8, 3*n)
		for i := range pix {
			pix[i] = uint8(i * 37)
		}
		planes, pixels := make([]float32, 3*n), make([]float32, 3*n)
		table := norm.Normalizer()
		if err := table.Apply(pixels, pix, HWC); err != nil {
			t.Fatal(err)
		}
		if err := table.Apply(planes, interleavedToPlanes(pix), CHW); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for c := range 3 {
				if planes[c*n+i] != pixels[3*i+c] {
					t.Errorf("BGR %v, pixel %d channel %d: %v in CHW, %v in HWC", norm.BGR, i, c, planes[c*n+i], pixels[3*i+c])
				}
			}
		}
	}
}
