package pixels

import "math"

// Matrix returns the one map that draws a dstW×dstH example from a srcW×srcH
// picture.
//
// Read from the result back to the picture: undo the flip, then zoom, shift and
// rotate about the result's centre, then go from the result's frame to the part
// of the picture that it shows. The middle step is Keras' ImageDataGenerator,
// rotation·shift·zoom about the point ((w−1)/2, (h−1)/2).
func (p Params) Matrix(srcW, srcH, dstW, dstH int) Affine {
	w, h := float64(dstW), float64(dstH)
	m := Identity()
	if p.FlipH {
		m = m.Then(Affine{-1, 0, w - 1, 0, 1, 0})
	}
	if p.FlipV {
		m = m.Then(Affine{1, 0, 0, 0, -1, h - 1})
	}
	sin, cos := math.Sincos(p.Theta)
	keras := Scale(p.ZoomX, p.ZoomY).
		Then(Translate(p.ShiftX*w, p.ShiftY*h)).
		Then(Affine{cos, -sin, 0, sin, cos, 0})
	return m.Then(keras.About((w-1)/2, (h-1)/2)).Then(p.frame(srcW, srcH, dstW, dstH))
}

// frame maps the result's frame onto the part of the picture it shows.
func (p Params) frame(srcW, srcH, dstW, dstH int) Affine {
	if p.Augment.Crop.ScaleMax > 0 {
		x, y, w, h := p.cropBox(srcW, srcH)
		return boxToFrame(float64(x), float64(y), float64(w), float64(h), dstW, dstH)
	}
	if p.Augment.Fit == FitStretch {
		return boxToFrame(0, 0, float64(srcW), float64(srcH), dstW, dstH)
	}
	if srcW >= dstW && srcH >= dstH {
		// Whole pixels: nothing is interpolated.
		return Translate(float64(centerOffset(srcW, dstW)), float64(centerOffset(srcH, dstH)))
	}
	scale := min(float64(srcW)/float64(dstW), float64(srcH)/float64(dstH))
	w, h := scale*float64(dstW), scale*float64(dstH)
	return boxToFrame((float64(srcW)-w)/2, (float64(srcH)-h)/2, w, h, dstW, dstH)
}

// cropBox draws the window of a random resized crop: ten tries at an area and a
// shape that fit, then the largest window of a permitted shape in the middle.
func (p Params) cropBox(srcW, srcH int) (x, y, w, h int) {
	c := p.Augment.Crop
	if c.RatioMin == 0 && c.RatioMax == 0 {
		c.RatioMin, c.RatioMax = 3./4, 4./3
	}
	var g generator
	g.Seed(p.cropSeed, 0)
	area := float64(srcW) * float64(srcH)
	for range 10 {
		target := area * g.between(c.ScaleMin, c.ScaleMax)
		ratio := g.logBetween(c.RatioMin, c.RatioMax)
		w = int(math.RoundToEven(math.Sqrt(target * ratio)))
		h = int(math.RoundToEven(math.Sqrt(target / ratio)))
		if w > 0 && w <= srcW && h > 0 && h <= srcH {
			return g.upTo(srcW - w), g.upTo(srcH - h), w, h
		}
	}
	w, h = srcW, srcH
	switch ratio := float64(srcW) / float64(srcH); {
	case ratio < c.RatioMin:
		h = max(1, int(math.RoundToEven(float64(w)/c.RatioMin)))
	case ratio > c.RatioMax:
		w = max(1, int(math.RoundToEven(float64(h)*c.RatioMax)))
	}
	return (srcW - w) / 2, (srcH - h) / 2, w, h
}

// ErasedBox returns the rectangle of a w×h result that is painted over; ok is
// false where there is none.
func (p Params) ErasedBox(w, h int) (x, y, boxW, boxH int, ok bool) {
	if !p.Erased {
		return 0, 0, 0, 0, false
	}
	e := p.Augment.Erase
	if e.ScaleMin == 0 && e.ScaleMax == 0 {
		e.ScaleMin, e.ScaleMax = 0.02, 0.33
	}
	if e.RatioMin == 0 && e.RatioMax == 0 {
		e.RatioMin, e.RatioMax = 0.3, 3.3
	}
	var g generator
	g.Seed(p.eraseSeed, 0)
	for range 10 {
		area := float64(w) * float64(h) * g.between(e.ScaleMin, e.ScaleMax)
		ratio := g.logBetween(e.RatioMin, e.RatioMax)
		boxH = int(math.RoundToEven(math.Sqrt(area * ratio)))
		boxW = int(math.RoundToEven(math.Sqrt(area / ratio)))
		if boxW > 0 && boxW < w && boxH > 0 && boxH < h {
			return g.upTo(w - boxW), g.upTo(h - boxH), boxW, boxH, true
		}
	}
	return 0, 0, 0, 0, false
}

// DrawVersion belongs into the key of whatever is kept of drawn pictures. Raise it
// whenever the same seed, augmentation and decoded picture may give other pixels:
// after a change to Sample, Matrix, WarpInto, colours or erasing, here or where a
// device does the same.
const DrawVersion = 1

// Render draws the example: one warp, then colours, then the rectangle. dst
// holds 3·w·h bytes; nothing is allocated.
func (p Params) Render(dst []uint8, layout Layout, w, h int, src *Image) error {
	if err := WarpInto(dst, layout, w, h, src, p.Matrix(src.W, src.H, w, h), p.Augment.Fill); err != nil {
		return err
	}
	p.Jitter.Apply(dst, layout)
	if x, y, bw, bh, ok := p.ErasedBox(w, h); ok {
		paint(dst, layout, w, h, x, y, bw, bh, p.EraseColor())
	}
	return nil
}

// EraseColor is what ErasedBox is painted with.
func (p Params) EraseColor() [3]uint8 {
	if c := p.Augment.Erase.Color; c != [3]uint8{} {
		return c
	}
	return [3]uint8{124, 116, 104}
}

// paint fills a rectangle of a w×h picture.
func paint(dst []uint8, layout Layout, w, h, x, y, bw, bh int, color [3]uint8) {
	plane, step := w*h, 1
	if layout == HWC {
		plane, step = 1, 3
	}
	for row := y; row < y+bh; row++ {
		for col := x; col < x+bw; col++ {
			o := (row*w + col) * step
			dst[o], dst[o+plane], dst[o+2*plane] = color[0], color[1], color[2]
		}
	}
}
