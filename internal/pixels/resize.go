package pixels

import (
	"fmt"
	"math"
)

// ShortSide returns the size a w×h picture has once its shorter side is side:
// the longer one is scaled alike and cut to a whole number, as torchvision's
// Resize does.
func ShortSide(w, h, side int) (int, int) {
	if w <= h {
		return side, max(1, int(int64(side)*int64(h)/int64(w)))
	}
	return max(1, int(int64(side)*int64(w)/int64(h))), side
}

// ResizeShort scales m so that its shorter side is side pixels, with the
// antialiased bilinear filter of PIL's BILINEAR and torchvision's
// antialias=True: the accuracies published for torchvision's weights were
// measured behind it. An image that already has that side is returned as it is.
func ResizeShort(m *Image, side int) (*Image, error) {
	if !m.valid() {
		return nil, fmt.Errorf("resize: image of %d×%d with %d bytes", m.W, m.H, len(m.Pix))
	}
	return resizeRows(imageRows{m}, side, defaultMaxPixels)
}

// Resize scales m to exactly w×h with the same filter, aspect ratio or not.
func Resize(m *Image, w, h int) (*Image, error) {
	if !m.valid() || w < 1 || h < 1 {
		return nil, fmt.Errorf("resize: image of %d×%d with %d bytes to %d×%d", m.W, m.H, len(m.Pix), w, h)
	}
	return scaleRows(imageRows{m}, w, h), nil
}

// CenterCrop cuts a w×h window out of m's middle. Where the border is odd the
// half pixel rounds to even, as in torchvision's CenterCrop.
func CenterCrop(m *Image, w, h int) (*Image, error) {
	if !m.valid() || w < 1 || h < 1 || w > m.W || h > m.H {
		return nil, fmt.Errorf("centre crop: %d×%d of an image of %d×%d", w, h, m.W, m.H)
	}
	left, top := centerOffset(m.W, w), centerOffset(m.H, h)
	out := NewImage(w, h)
	for y := range h {
		o := 3 * ((top+y)*m.W + left)
		copy(out.Pix[3*y*w:3*(y+1)*w], m.Pix[o:o+3*w])
	}
	return out, nil
}

func centerOffset(have, want int) int {
	return int(math.RoundToEven(float64(have-want) / 2))
}

// resizeRows reduces or enlarges s to a short side. A picture one pixel high
// and a million wide would grow by its aspect ratio, so the result is held to
// maxPixels as well.
func resizeRows(s rowSource, side, maxPixels int) (*Image, error) {
	if side < 1 {
		return nil, fmt.Errorf("resize: short side %d, want at least 1", side)
	}
	w, h := s.size()
	dw, dh := ShortSide(w, h, side)
	if int64(dw)*int64(dh) > int64(maxPixels) {
		return nil, fmt.Errorf("%d×%d pixels would become %d×%d at short side %d, more than the limit of %d pixels",
			w, h, dw, dh, side, maxPixels)
	}
	if m, ok := s.(imageRows); ok && dw == w && dh == h {
		return m.Image, nil
	}
	if dw == w && dh == h {
		return collect(s), nil
	}
	return scaleRows(s, dw, dh), nil
}

// scaleRows resamples s to dw×dh, across first and then down, keeping only the
// rows that the vertical filter still needs.
func scaleRows(s rowSource, dw, dh int) *Image {
	w, h := s.size()
	across, down := newFilter(w, dw), newFilter(h, dh)
	out := NewImage(dw, dh)

	line := make([]uint64, w)
	rows := make([][]uint64, down.taps) // rows[y%taps] is source row y, dw wide
	store := make([]uint64, down.taps*dw)
	for i := range rows {
		rows[i] = store[i*dw : (i+1)*dw]
	}
	sum := make([]uint64, dw)
	next := 0 // first source row not yet read
	for y := range dh {
		first, weights := down.at(y)
		next = max(next, first)
		for ; next < first+len(weights); next++ {
			s.row(next, line)
			across.apply(rows[next%down.taps], line)
		}
		clear(sum)
		for i, wt := range weights {
			addScaled(sum, rows[(first+i)%down.taps], wt)
		}
		o := out.Pix[3*y*dw : 3*(y+1)*dw]
		for x, v := range sum {
			v = (v + laneHalf) >> weightBits
			d := o[3*x : 3*x+3 : 3*x+3]
			d[0], d[1], d[2] = uint8(v), uint8(v>>laneBits), uint8(v>>(2*laneBits))
		}
	}
	return out
}

// addScaled adds wt·row to sum.
func addScaled(sum, row []uint64, wt uint64) {
	row = row[:len(sum)]
	for x := range sum {
		sum[x] += row[x] * wt
	}
}
