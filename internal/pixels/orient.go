package pixels

import (
	"image"

	"github.com/disintegration/imaging"
)

// upright turns m the way its Exif orientation says it was meant to be seen.
func upright(m *Image, orientation int) *Image {
	if orientation < 2 || orientation > 8 {
		return m
	}
	in := image.NewNRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(in.Pix[4*i:4*i+3], m.Pix[3*i:3*i+3])
		in.Pix[4*i+3] = 255
	}
	var out *image.NRGBA
	switch orientation {
	case 2:
		out = imaging.FlipH(in)
	case 3:
		out = imaging.Rotate180(in)
	case 4:
		out = imaging.FlipV(in)
	case 5:
		out = imaging.Transpose(in)
	case 6:
		out = imaging.Rotate270(in)
	case 7:
		out = imaging.Transverse(in)
	case 8:
		out = imaging.Rotate90(in)
	}
	return collect(genericRows{out})
}
