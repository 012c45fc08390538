package pixels

import (
	"image"
	"image/color"
)

// rowsOf reads what a decoder returned. Alpha is dropped, not composited, as
// PIL's convert("RGB") does: the colours under transparent pixels are part of
// the picture that published accuracies were measured on.
func rowsOf(img image.Image, video bool) rowSource {
	switch m := img.(type) {
	case *image.YCbCr:
		return newYCCRows(m, video)
	case *image.NYCbCrA:
		return newYCCRows(&m.YCbCr, video)
	case *image.Paletted:
		return newPaletteRows(m)
	}
	return genericRows{img}
}

// genericRows reads any image.Image, the common ones without an interface call
// per pixel.
type genericRows struct{ img image.Image }

func (s genericRows) size() (int, int) {
	r := s.img.Bounds()
	return r.Dx(), r.Dy()
}

func (s genericRows) row(y int, dst []uint64) {
	bounds := s.img.Bounds()
	y += bounds.Min.Y
	at := func(stride, bytes int, pix []uint8) []uint8 {
		return pix[(y-bounds.Min.Y)*stride:][:bytes*len(dst)]
	}
	switch m := s.img.(type) {
	case *image.Gray:
		for x, v := range at(m.Stride, 1, m.Pix) {
			dst[x] = pack(v, v, v)
		}
	case *image.Gray16: // big endian: the high byte is the eight-bit value
		in := at(m.Stride, 2, m.Pix)
		for x := range dst {
			dst[x] = pack(in[2*x], in[2*x], in[2*x])
		}
	case *image.NRGBA:
		in := at(m.Stride, 4, m.Pix)
		for x := range dst {
			dst[x] = pack(in[4*x], in[4*x+1], in[4*x+2])
		}
	case *image.NRGBA64:
		in := at(m.Stride, 8, m.Pix)
		for x := range dst {
			dst[x] = pack(in[8*x], in[8*x+2], in[8*x+4])
		}
	case *image.RGBA:
		in := at(m.Stride, 4, m.Pix)
		for x := range dst {
			p := in[4*x : 4*x+4 : 4*x+4]
			dst[x] = straight(color.RGBA{p[0], p[1], p[2], p[3]})
		}
	case *image.CMYK:
		in := at(m.Stride, 4, m.Pix)
		for x := range dst {
			p := in[4*x : 4*x+4 : 4*x+4]
			white := 255 - uint32(p[3])
			dst[x] = pack(inked(white, p[0]), inked(white, p[1]), inked(white, p[2]))
		}
	default:
		for x := range dst {
			dst[x] = straight(s.img.At(bounds.Min.X+x, y))
		}
	}
}

// straight packs a colour with its alpha divided out.
func straight(c color.Color) uint64 {
	if p, ok := c.(color.RGBA); ok && p.A == 255 {
		return pack(p.R, p.G, p.B)
	}
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return pack(n.R, n.G, n.B)
}

// inked darkens white by one ink, rounding white·(255−ink)/255.
func inked(white uint32, ink uint8) uint8 {
	v := white*(255-uint32(ink)) + 128
	return uint8((v + v>>8) >> 8)
}

// paletteRows reads indexed colour. A crafted file can hold indices beyond its
// palette, so the table has an entry for every byte.
type paletteRows struct {
	*image.Paletted
	table [256]uint64
}

func newPaletteRows(m *image.Paletted) *paletteRows {
	s := &paletteRows{Paletted: m}
	for i, c := range m.Palette[:min(len(m.Palette), 256)] {
		s.table[i] = straight(c)
	}
	return s
}

func (s *paletteRows) size() (int, int) { return s.Rect.Dx(), s.Rect.Dy() }

func (s *paletteRows) row(y int, dst []uint64) {
	for x, i := range s.Pix[y*s.Stride:][:len(dst)] {
		dst[x] = s.table[i]
	}
}
