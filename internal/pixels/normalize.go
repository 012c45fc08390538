package pixels

import "fmt"

// Normalization is how the network's weights want their input: for each channel
// (value/Divisor − Mean)/Std, in the order that BGR says.
//
// The zero value is the documented recipe: value/255, RGB.
type Normalization struct {
	Divisor float64    // 0 means 255
	Mean    [3]float64 // in the order of the result's channels
	Std     [3]float64 // 0 means 1
	BGR     bool       // the result's first channel is blue
}

// ImageNet is what torchvision's weights were trained behind.
func ImageNet() Normalization {
	return Normalization{Mean: [3]float64{0.485, 0.456, 0.406}, Std: [3]float64{0.229, 0.224, 0.225}}
}

// KerasVGG is what Keras' VGG weights were trained behind: blue first, the mean
// of ImageNet taken off, no scaling.
func KerasVGG() Normalization {
	return Normalization{Divisor: 1, Mean: [3]float64{103.939, 116.779, 123.68}, BGR: true}
}

// Normalizer applies a [Normalization] by table: a byte has 256 values, so each
// channel's arithmetic is done once, in float32 and in torchvision's order, and
// the results are equal to its bit for bit.
type Normalizer struct {
	table [3][256]float32
	bgr   bool
}

// Normalizer returns n's tables.
func (n Normalization) Normalizer() *Normalizer {
	t := &Normalizer{bgr: n.BGR}
	divisor := float32(n.Divisor)
	if divisor == 0 {
		divisor = 255
	}
	for c := range 3 {
		mean, std := float32(n.Mean[c]), float32(n.Std[c])
		if std == 0 {
			std = 1
		}
		for v := range 256 {
			t.table[c][v] = (float32(v)/divisor - mean) / std
		}
	}
	return t
}

// Apply writes the normalised picture to dst in the same layout; src holds bytes
// in RGB. Both have the same length. It allocates nothing.
func (t *Normalizer) Apply(dst []float32, src []uint8, layout Layout) error {
	if len(dst) != len(src) || len(src)%3 != 0 {
		return fmt.Errorf("normalize: %d bytes into %d numbers, want as many, in threes", len(src), len(dst))
	}
	if layout == HWC {
		t.interleaved(dst, src)
		return nil
	}
	plane := len(src) / 3
	for c := range 3 {
		from := c
		if t.bgr {
			from = 2 - c
		}
		in, out, table := src[from*plane:][:plane], dst[c*plane:][:plane], &t.table[c]
		// Four at a time: the loop's own cost is as large as a look-up.
		for ; len(in) >= 4 && len(out) >= 4; in, out = in[4:], out[4:] {
			out[0], out[1], out[2], out[3] = table[in[0]], table[in[1]], table[in[2]], table[in[3]]
		}
		for i, v := range in {
			out[i] = table[v]
		}
	}
	return nil
}

func (t *Normalizer) interleaved(dst []float32, src []uint8) {
	first, last := 0, 2
	if t.bgr {
		first, last = 2, 0
	}
	a, b, c := &t.table[0], &t.table[1], &t.table[2]
	for i := 0; i+3 <= len(src) && i+3 <= len(dst); i += 3 {
		in, out := src[i:i+3:i+3], dst[i:i+3:i+3]
		out[0], out[1], out[2] = a[in[first]], b[in[1]], c[in[last]]
	}
}
