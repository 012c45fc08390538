package vision

import (
	"bytes"
	"image"
	"image/jpeg"

	"github.com/gotune/gotune/internal/pixels"
)

// Thumbnail returns the i-th picture as a JPEG whose short side is at most side
// pixels.
func (d *Dataset) Thumbnail(i, side int) ([]byte, error) {
	m, err := d.decoded(d.at(i))
	if err != nil {
		return nil, err
	}
	name := d.Name(i)
	if min(m.W, m.H) > side {
		if m, err = pixels.ResizeShort(m, side); err != nil {
			return nil, &pixels.Error{Name: name, Err: err}
		}
	}
	// The encoder reads RGBA faster than any picture through its interface.
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for k := range m.W * m.H {
		copy(rgba.Pix[4*k:], m.Pix[3*k:3*k+3])
		rgba.Pix[4*k+3] = 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 80}); err != nil {
		return nil, &pixels.Error{Name: name, Err: err}
	}
	return b.Bytes(), nil
}
