package vision

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// noise is a picture of random bytes.
func noise(w, h int, seed uint64) *pixels.Image {
	m, r := pixels.NewImage(w, h), rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	return m
}

// Any pictures, varied in any way: what the device draws is what Render draws, to
// the byte. Jitter's float32 too, unless Go's compiler fuses products and sums: then
// each step adds to what the one before made of a difference.
func TestDeviceDrawsWhatRenderDraws(t *testing.T) {
	rt := Runtime
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		a := pixels.Augment{
			Rotate: rapid.Float64Range(0, 180).Draw(t, "rotate"), Zoom: rapid.Float64Range(0, 0.95).Draw(t, "zoom"),
			ShiftX: rapid.Float64Range(0, 1).Draw(t, "shift x"), ShiftY: rapid.Float64Range(0, 1).Draw(t, "shift y"),
			FlipH: rapid.Bool().Draw(t, "flip"), FlipV: rapid.Bool().Draw(t, "vflip"),
			Fit: rapid.SampledFrom([]pixels.Fit{pixels.FitCrop, pixels.FitStretch}).Draw(t, "fit"),
		}
		if rapid.Bool().Draw(t, "plain") {
			a = a.Plain()
		}
		if rapid.Bool().Draw(t, "constant") {
			a.Fill = pixels.Fill{Constant: true, Color: [3]uint8{40, 0, 209}}
		}
		if rapid.Bool().Draw(t, "crop") {
			a.Crop = pixels.ResizedCrop{ScaleMin: 0.1, ScaleMax: 1}
		}
		if !Fuses() && rapid.Bool().Draw(t, "jitter") {
			a.Jitter = pixels.ColorJitter{Brightness: 1, Contrast: 0.5, Saturation: 1, Hue: 0.5}
		}
		if rapid.Bool().Draw(t, "erase") {
			a.Erase.P = 0.5
		}
		n := rapid.IntRange(1, 6).Draw(t, "n")
		src := newSources(n, Input{Size: size, ShortSide: 30}, a.Fill)
		src.atOnce = rapid.SampledFrom([]int{1, 3 * size * size, 1 << 20}).Draw(t, "at once")
		var want []uint8
		for i := range n {
			m := noise(rapid.IntRange(1, 50).Draw(t, "w"), rapid.IntRange(1, 50).Draw(t, "h"), uint64(i))
			p := a.Sample(rapid.Uint64().Draw(t, "seed"), 0, i)
			if err := src.add(p, m); err != nil {
				t.Fatal(err)
			}
			one := make([]uint8, 3*size*size)
			if err := p.Render(one, pixels.CHW, size, size, m); err != nil {
				t.Fatal(err)
			}
			want = append(want, one...)
		}
		from := rapid.IntRange(0, n-1).Draw(t, "from")
		compareDrawn(t, rt, src, from, n-from, want[from*3*size*size:], 0)
	})
}

// Any matrix, also such as no augmentation makes, over the narrowest pictures and
// far beyond them.
func TestDeviceWarpIsWarpInto(t *testing.T) {
	rt := Runtime
	for _, fill := range []pixels.Fill{{}, {Constant: true, Color: [3]uint8{1, 200, 77}}} {
		t.Run(fmt.Sprintf("constant=%t", fill.Constant), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				const size = 20
				src := newSources(4, Input{Size: size}, fill)
				var want []uint8
				for i := range 4 {
					m := noise(rapid.SampledFrom([]int{1, 2, 3, 17}).Draw(t, "w"), rapid.SampledFrom([]int{1, 2, 3, 17}).Draw(t, "h"), uint64(i))
					var a pixels.Affine
					for k := range a {
						a[k] = rapid.Float64Range(-3, 3).Draw(t, "a")
						if rapid.Bool().Draw(t, "whole") {
							a[k] = math.Round(a[k])
						}
					}
					a[2] *= rapid.SampledFrom([]float64{1, 10, 1e7}).Draw(t, "far x")
					a[5] *= rapid.SampledFrom([]float64{1, 10, 1e7}).Draw(t, "far y")
					if err := src.addWarp(pixels.Params{}, m, a); err != nil {
						t.Fatal(err)
					}
					one := make([]uint8, 3*size*size)
					if err := pixels.WarpInto(one, pixels.CHW, size, size, m, a, fill); err != nil {
						t.Fatal(err)
					}
					want = append(want, one...)
				}
				compareDrawn(t, rt, src, 0, 4, want, 0)
			})
		})
	}
}

// Every colour there is, round the wheel by turns that end on its seams.
func TestDeviceHueIsJitters(t *testing.T) {
	rt := Runtime
	const size = 64
	for _, turns := range []float64{-0.5, -1.0 / 3, -1e-9, 1e-9, 1.0 / 6, 0.25, 0.5} {
		m := pixels.NewImage(size, size)
		for i := range size * size { // 16 levels of each
			m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = uint8(17*(i>>8)), uint8(17*(i>>4&15)), uint8(17*(i&15))
		}
		p := pixels.Augment{}.Sample(0, 0, 0)
		p.Jitter.Hue = turns
		src := newSources(1, Input{Size: size}, pixels.Fill{})
		if err := src.add(p, m); err != nil {
			t.Fatal(err)
		}
		want := make([]uint8, 3*size*size)
		if err := p.Render(want, pixels.CHW, size, size, m); err != nil {
			t.Fatal(err)
		}
		within := 0
		if Fuses() {
			within = 1
		}
		compareDrawn(t, rt, src, 0, 1, want, within)
	}
}

// On a scope that has failed nothing is drawn, and its error stays the first one.
func TestDeviceDrawsNothingOnAFailedScope(t *testing.T) {
	steps := map[string]func(*pixels.Jitter){
		"none":       func(*pixels.Jitter) {},
		"brightness": func(j *pixels.Jitter) { j.Brightness = 1.5 },
		"contrast":   func(j *pixels.Jitter) { j.Contrast = 1.5 },
		"saturation": func(j *pixels.Jitter) { j.Saturation = 1.5 },
		"hue":        func(j *pixels.Jitter) { j.Hue = 0.25 },
	}
	for name, change := range steps {
		for _, fill := range []pixels.Fill{{}, {Constant: true}} {
			p := pixels.Augment{Erase: pixels.RandomErasing{P: 1}}.Sample(0, 0, 0)
			change(&p.Jitter)
			src := newSources(1, Input{Size: 8}, fill)
			if err := src.add(p, noise(9, 9, 1)); err != nil {
				t.Fatal(err)
			}
			s, first := Runtime.Scope(torch.Mode{}), errors.New("first")
			s.Fail(first)
			src.draw(s, 0, 1)
			if err := s.Close(); !errors.Is(err, first) {
				t.Errorf("%s: error %v, want the scope's own", name, err)
			}
		}
	}
}

func TestSourcesRefuse(t *testing.T) {
	src := newSources(1, Input{Size: 4}, pixels.Fill{})
	if err := src.add(pixels.Params{}, &pixels.Image{W: 9, H: 9, Pix: make([]uint8, 3)}); err == nil {
		t.Error("a picture without its bytes is taken")
	}
	if err := src.addWarp(pixels.Params{}, noise(3, 3, 1), pixels.Translate(1e12, 0)); err == nil {
		t.Error("a matrix that points to 1e12 is taken")
	}
}

// fataler is *testing.T and *rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// compareDrawn wants bytes that differ by so many at most.
func compareDrawn(t fataler, rt *torch.Runtime, src *sources, from, n int, want []uint8, within int) {
	t.Helper()
	before := rt.Live()
	s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: torch.BFloat16})
	x := src.draw(s, from, n)
	got, err := torch.CopyBytes(s.Contiguous(x))
	if err != nil {
		t.Fatal(err)
	}
	if kept := rt.Live() - before; kept != 2 {
		t.Fatalf("%d tensors are left, want the pictures and their copy", kept)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	for i := range want {
		if i >= len(got) || max(got[i], want[i])-min(got[i], want[i]) > uint8(within) {
			plane := src.size * src.size
			t.Fatalf("picture %d, channel %d, pixel (%d, %d): %d, want %d", from+i/(3*plane), i/plane%3, i%src.size, i/src.size%src.size, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
}
