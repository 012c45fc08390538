package pixels

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The warp equals SciPy's bilinear affine transform in float64 within 1 of 255
// on 99.9 % of samples, for both fills and wherever the matrix points.
func TestWarpAgreesWithSciPy(t *testing.T) {
	dir := filepath.Join("testdata", "warp")
	var golden struct {
		Size  int
		Color [3]uint8
		Cases []struct {
			Matrix   Affine
			Constant bool
			Want     string
		}
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "cases.json")), &golden); err != nil {
		t.Fatal(err)
	}
	src, n := readPNG(t, filepath.Join(dir, "source.png")), golden.Size
	for _, c := range golden.Cases {
		got := NewImage(n, n)
		fill := Fill{Constant: c.Constant, Color: golden.Color}
		if err := WarpInto(got.Pix, HWC, n, n, src, c.Matrix, fill); err != nil {
			t.Fatal(err)
		}
		d := compare(t, got, readPNG(t, filepath.Join(dir, c.Want)))
		if d.beyond1 > 0.001 || d.largest > 2 {
			t.Errorf("%s: %.4f of samples beyond 1, largest difference %d", c.Want, d.beyond1, d.largest)
		}
		planes := make([]uint8, 3*n*n)
		if err := WarpInto(planes, CHW, n, n, src, c.Matrix, fill); err != nil {
			t.Fatal(err)
		}
		for i := range n * n {
			for ch := range 3 {
				if planes[ch*n*n+i] != got.Pix[3*i+ch] {
					t.Fatalf("%s: pixel %d channel %d is %d in CHW, %d in HWC", c.Want, i, ch, planes[ch*n*n+i], got.Pix[3*i+ch])
				}
			}
		}
	}
}

// Any matrix over any picture: no sample is outside the range of the picture's
// own, and the fast inner span, and vectors where there are any, give what the
// careful edge code gives.
func TestWarpSpansAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := NewImage(rapid.IntRange(1, 20).Draw(t, "w"), rapid.IntRange(1, 20).Draw(t, "h"))
		for i := range src.Pix {
			src.Pix[i] = uint8(40 + i*31%170)
		}
		var m Affine
		for i := range m {
			m[i] = rapid.Float64Range(-3, 3).Draw(t, "m")
		}
		m[2] *= 10
		m[5] *= 10
		w, h := rapid.IntRange(1, 40).Draw(t, "dw"), rapid.IntRange(1, 70).Draw(t, "dh")
		fill := Fill{Constant: rapid.Bool().Draw(t, "constant"), Color: [3]uint8{40, 120, 209}}
		size := 3 * w * h
		guarded, lines, want := make([]uint8, size+64), make([]uint8, size), make([]uint8, size)
		got := guarded[:size]
		if err := WarpInto(got, HWC, w, h, src, m, fill); err != nil {
			t.Fatal(err)
		}
		warpLines(lines, 1, 3, w, h, src, m, fill)
		for i, v := range guarded[size:] {
			if v != 0 {
				t.Fatalf("byte %d behind the buffer is written to", i)
			}
		}
		for y := range h {
			line := warpLine{step: 3, x: fixed(m[1]*float64(y) + m[2]), y: fixed(m[4]*float64(y) + m[5]), dx: fixed(m[0]), dy: fixed(m[3])}
			row := want[3*y*w : 3*(y+1)*w]
			line.r, line.g, line.b = row, row[1:], row[2:]
			line.edge(src, fill, 0, w)
		}
		for i, v := range got {
			if v != want[i] || lines[i] != want[i] {
				t.Fatalf("sample %d: %d, %d by lines, %d by the edge code", i, v, lines[i], want[i])
			}
			if v < 40 || v > 209 {
				t.Fatalf("sample %d is %d, the source has 40 to 209", i, v)
			}
		}
	})
}

func TestWarpWholePixelsCopies(t *testing.T) {
	src := NewImage(30, 20)
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 101)
	}
	got := make([]uint8, 3*16*12)
	if err := WarpInto(got, HWC, 16, 12, src, Translate(7, 4), Fill{}); err != nil {
		t.Fatal(err)
	}
	want, err := CenterCrop(src, 16, 12)
	if err != nil {
		t.Fatal(err)
	}
	if d := compareBytes(t, got, want.Pix); d.largest != 0 {
		t.Errorf("largest difference %d, want none", d.largest)
	}
}

func TestWarpRefuses(t *testing.T) {
	src := NewImage(4, 4)
	buf := make([]uint8, 3*4*4)
	for _, c := range []struct {
		name string
		dst  []uint8
		src  *Image
		m    Affine
		want string
	}{
		{"short buffer", buf[:5], src, Identity(), "buffer of 5 bytes"},
		{"no pixels", buf, &Image{}, Identity(), "source of 0×0"},
		{"lying image", buf, &Image{W: 9, H: 9, Pix: make([]uint8, 3)}, Identity(), "source of 9×9"},
		{"not a number", buf, src, Affine{math.NaN()}, "matrix"},
		{"infinite", buf, src, Translate(math.Inf(1), 0), "matrix"},
		{"far away", buf, src, Translate(1e12, 0), "beyond"},
	} {
		err := WarpInto(c.dst, CHW, 4, 4, c.src, c.m, Fill{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// The hot path is free of allocations, so a worker makes no garbage per example.
func TestHotPathAllocatesNothing(t *testing.T) {
	src := NewImage(80, 64)
	dst, out := make([]uint8, 3*32*32), make([]float32, 3*32*32)
	norm := ImageNet().Normalizer()
	a := Documented()
	a.Erase.P, a.Jitter = 1, ColorJitter{0.2, 0.2, 0.2, 0.1}
	i := 0
	allocs := testing.AllocsPerRun(100, func() {
		i++
		p := a.Sample(1, 0, i)
		if err := p.Render(dst, CHW, 32, 32, src); err != nil {
			t.Fatal(err)
		}
		if err := norm.Apply(out, dst, CHW); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations an example, want none", allocs)
	}
}
