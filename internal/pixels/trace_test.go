package pixels

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawTraced draws what t says, by its own words, from the part of the source that
// it says is looked at, and fails on a look at anything else.
func drawTraced(t *rapid.T, tr Trace, w int, src *Image, fill Fill) []uint8 {
	out := make([]uint8, 0, 3*w*len(tr.X))
	for y := range tr.X {
		for x := range w {
			px, py := tr.X[y]+int64(x)*tr.DX, tr.Y[y]+int64(x)*tr.DY
			if !fill.Constant {
				px = min(max(px, 0), int64(src.W-1)<<TraceBits)
				py = min(max(py, 0), int64(src.H-1)<<TraceBits)
			}
			x0, y0 := int(px>>TraceBits), int(py>>TraceBits)
			part := func(p int64) int { return int(p>>(TraceBits-WeightBits)) & (1<<WeightBits - 1) }
			fx, fy := part(px), part(py)
			w11 := fx * fy >> WeightBits
			sum := [3]int{1 << (WeightBits - 1), 1 << (WeightBits - 1), 1 << (WeightBits - 1)}
			for _, tap := range [][3]int{{0, 0, 1<<WeightBits - fx - fy + w11}, {1, 0, fx - w11}, {0, 1, fy - w11}, {1, 1, w11}} {
				sx, sy, c := x0+tap[0], y0+tap[1], fill.Color
				if !fill.Constant {
					sx, sy = min(sx, src.W-1), min(sy, src.H-1)
				}
				if sx >= 0 && sx < src.W && sy >= 0 && sy < src.H {
					if sx < tr.Left || sx >= tr.Left+tr.W || sy < tr.Top || sy >= tr.Top+tr.H {
						t.Fatalf("(%d, %d) of the result looks at (%d, %d), outside of %d×%d from (%d, %d) on", x, y, sx, sy, tr.W, tr.H, tr.Left, tr.Top)
					}
					c[0], c[1], c[2] = src.At(sx, sy)
				}
				for k := range sum {
					sum[k] += tap[2] * int(c[k])
				}
			}
			out = append(out, uint8(sum[0]>>WeightBits), uint8(sum[1]>>WeightBits), uint8(sum[2]>>WeightBits))
		}
	}
	return out
}

func TestTraceIsWhatWarpIntoDraws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := NewImage(rapid.IntRange(1, 20).Draw(t, "w"), rapid.IntRange(1, 20).Draw(t, "h"))
		for i := range src.Pix {
			src.Pix[i] = uint8(i * 101)
		}
		var m Affine
		for i := range m {
			m[i] = rapid.Float64Range(-3, 3).Draw(t, "m")
		}
		m[2] *= 20
		m[5] *= 20
		w, h := rapid.IntRange(1, 40).Draw(t, "dw"), rapid.IntRange(1, 20).Draw(t, "dh")
		fill := Fill{Constant: rapid.Bool().Draw(t, "constant"), Color: [3]uint8{40, 120, 209}}
		tr, err := TraceWarp(make([]int64, h), make([]int64, h), w, src, m, fill)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]uint8, 3*w*h)
		if err := WarpInto(want, HWC, w, h, src, m, fill); err != nil {
			t.Fatal(err)
		}
		for i, v := range drawTraced(t, tr, w, src, fill) {
			if v != want[i] {
				t.Fatalf("sample %d is %d, WarpInto draws %d", i, v, want[i])
			}
		}
	})
}

func TestTraceRefuses(t *testing.T) {
	for _, c := range []struct {
		src  *Image
		m    Affine
		w    int
		want string
	}{
		{&Image{}, Identity(), 4, "source of 0×0"},
		{NewImage(4, 4), Affine{math.NaN()}, 4, "matrix"},
		{NewImage(4, 4), Identity(), 0, "result of 0×2"},
	} {
		_, err := TraceWarp(make([]int64, 2), make([]int64, 2), c.w, c.src, c.m, Fill{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
