package pixels

import (
	"fmt"
	"math"
)

// Affine maps a place in the result to the place in the source it is drawn
// from, both in pixels with whole numbers at pixel centres:
//
//	sx = a[0]·x + a[1]·y + a[2]
//	sy = a[3]·x + a[4]·y + a[5]
//
// Pulling from the source, rather than pushing to the result, is what lets one
// pass over the result fill every pixel exactly once.
type Affine [6]float64

// Identity is the map that changes nothing.
func Identity() Affine { return Affine{1, 0, 0, 0, 1, 0} }

// Translate moves by (x, y).
func Translate(x, y float64) Affine { return Affine{1, 0, x, 0, 1, y} }

// Scale stretches by x across and y down, about pixel (0, 0)'s centre.
func Scale(x, y float64) Affine { return Affine{x, 0, 0, 0, y, 0} }

// Then returns the map that applies a first and b to its result.
func (a Affine) Then(b Affine) Affine {
	return Affine{
		b[0]*a[0] + b[1]*a[3], b[0]*a[1] + b[1]*a[4], b[0]*a[2] + b[1]*a[5] + b[2],
		b[3]*a[0] + b[4]*a[3], b[3]*a[1] + b[4]*a[4], b[3]*a[2] + b[4]*a[5] + b[5],
	}
}

// About returns a with the point (x, y) as its origin.
func (a Affine) About(x, y float64) Affine {
	return Translate(-x, -y).Then(a).Then(Translate(x, y))
}

// Apply returns where (x, y) is drawn from.
func (a Affine) Apply(x, y float64) (sx, sy float64) {
	return a[0]*x + a[1]*y + a[2], a[3]*x + a[4]*y + a[5]
}

// boxToFrame maps the pixels of a w×h result onto the box of the source whose
// top left corner is (left, top): edges onto edges, as resizing does, so pixel
// centres move by half a pixel.
func boxToFrame(left, top, boxW, boxH float64, w, h int) Affine {
	sx, sy := boxW/float64(w), boxH/float64(h)
	return Affine{sx, 0, left + 0.5*sx - 0.5, 0, sy, top + 0.5*sy - 0.5}
}

// maxCoordinate bounds where a matrix may point, so that coordinates in 32.32
// fixed point and their sums stay within 64 bits.
const maxCoordinate = 1 << 28

// reaches reports an error where a cannot be evaluated over a w×h result.
func (a Affine) reaches(w, h int) error {
	for _, x := range []float64{0, float64(w)} {
		for _, y := range []float64{0, float64(h)} {
			sx, sy := a.Apply(x, y)
			// Written so that a NaN is out of range too.
			if !(math.Abs(sx) < maxCoordinate && math.Abs(sy) < maxCoordinate) {
				return fmt.Errorf("matrix %v maps (%g, %g) to (%g, %g), beyond %d", a, x, y, sx, sy, maxCoordinate)
			}
		}
	}
	return nil
}
