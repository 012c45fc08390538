package pixels

import "image"

// yccRows reads luma and chroma planes, widening the chroma and turning each
// row into RGB as it is asked for.
//
// Chroma at half the resolution is widened with libjpeg's "fancy" triangle
// filter: the nearer sample weighs three, the farther one. PIL, and so every
// published accuracy, sees pixels made this way; plain repetition differs by
// tens of levels at coloured edges.
type yccRows struct {
	img    *image.YCbCr
	video  bool    // samples in video range, 16–235, as in WebP
	hx, vx int     // luma samples per chroma sample, across and down
	cw, ch int     // chroma samples that are picture, not padding
	cb, cr []uint8 // one row, widened
	sum    []int32 // one chroma row, columns blended, ×4
}

func newYCCRows(img *image.YCbCr, video bool) *yccRows {
	s := &yccRows{img: img, video: video, hx: 1, vx: 1}
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		s.hx = 2
	case image.YCbCrSubsampleRatio420:
		s.hx, s.vx = 2, 2
	case image.YCbCrSubsampleRatio440:
		s.vx = 2
	case image.YCbCrSubsampleRatio411:
		s.hx = 4
	case image.YCbCrSubsampleRatio410:
		s.hx, s.vx = 4, 2
	}
	w, h := s.size()
	s.cw, s.ch = (w+s.hx-1)/s.hx, (h+s.vx-1)/s.vx
	if s.hx > 1 || s.vx > 1 {
		s.cb, s.cr = make([]uint8, w), make([]uint8, w)
		s.sum = make([]int32, s.cw)
	}
	return s
}

func (s *yccRows) size() (int, int) { return s.img.Rect.Dx(), s.img.Rect.Dy() }

func (s *yccRows) row(y int, dst []uint64) {
	luma := s.img.Y[y*s.img.YStride:][:len(dst)]
	cb, cr := s.chroma(s.img.Cb, s.cb, y), s.chroma(s.img.Cr, s.cr, y)
	if s.video {
		videoRow(dst, luma, cb, cr)
	} else {
		jpegRow(dst, luma, cb, cr)
	}
}

// chroma returns row y of a chroma plane at full width, in out where it had to
// be widened.
func (s *yccRows) chroma(plane, out []uint8, y int) []uint8 {
	near := plane[y/s.vx*s.img.CStride:][:s.cw]
	if s.hx == 1 && s.vx == 1 {
		return near
	}
	if s.hx == 4 || s.hx == 2 && s.cw <= 2 {
		// libjpeg repeats samples here: no filter for quarters or for two columns.
		for x := range out {
			out[x] = near[x/s.hx]
		}
		return out
	}
	far, other := near, y/s.vx
	if s.vx == 2 {
		other += 2*(y&1) - 1 // the row above for even lines, below for odd ones
		other = min(max(other, 0), s.ch-1)
		far = plane[other*s.img.CStride:][:s.cw]
	}
	switch {
	case s.hx == 1:
		blendDown(out, near, far, 1+int32(y&1))
	case s.vx == 1:
		widen(out, near)
	default:
		sum := s.sum[:len(near)]
		far = far[:len(near)]
		for i, n := range near {
			sum[i] = 3*int32(n) + int32(far[i])
		}
		widenSums(out, sum)
	}
	return out
}

// blendDown mixes two chroma rows three to one. The rounding alternates so that
// it favours neither direction.
func blendDown(out, near, far []uint8, bias int32) {
	near, far = near[:len(out)], far[:len(out)]
	for i := range out {
		out[i] = uint8((3*int32(near[i]) + int32(far[i]) + bias) >> 2)
	}
}

// widen doubles a row: each output is three parts its own sample and one part
// the neighbour on its side.
func widen(out, in []uint8) {
	n := len(in)
	out[0] = in[0]
	for i := range n - 1 {
		a, b := int32(in[i]), int32(in[i+1])
		o := out[2*i+1 : 2*i+3 : 2*i+3]
		o[0], o[1] = uint8((3*a+b+2)>>2), uint8((3*b+a+1)>>2)
	}
	if len(out) == 2*n {
		out[2*n-1] = in[n-1]
	}
}

// widenSums is widen for a row already blended from two with weights 3 and 1.
func widenSums(out []uint8, in []int32) {
	n := len(in)
	out[0] = uint8((4*in[0] + 8) >> 4)
	for i := range n - 1 {
		a, b := in[i], in[i+1]
		o := out[2*i+1 : 2*i+3 : 2*i+3]
		o[0], o[1] = uint8((3*a+b+7)>>4), uint8((3*b+a+8)>>4)
	}
	if len(out) == 2*n {
		out[2*n-1] = uint8((4*in[n-1] + 7) >> 4)
	}
}

// jpegRow converts JFIF's full-range YCbCr (BT.601) with 16-bit coefficients.
func jpegRow(dst []uint64, luma, cb, cr []uint8) {
	luma, cb, cr = luma[:len(dst)], cb[:len(dst)], cr[:len(dst)]
	for x := range dst {
		y := int32(luma[x])<<16 + 1<<15
		u, v := int32(cb[x])-128, int32(cr[x])-128
		r := clamp16(y + 91881*v)
		g := clamp16(y - 22554*u - 46802*v)
		b := clamp16(y + 116130*u)
		dst[x] = uint64(r) | uint64(g)<<laneBits | uint64(b)<<(2*laneBits)
	}
}

// clamp16 drops 16 fraction bits and holds the rest to a byte.
func clamp16(v int32) uint8 {
	if uint32(v)>>24 == 0 {
		return uint8(v >> 16)
	}
	return uint8(^(v >> 31))
}

// videoRow converts video-range YCbCr with the coefficients of libwebp.
func videoRow(dst []uint64, luma, cb, cr []uint8) {
	luma, cb, cr = luma[:len(dst)], cb[:len(dst)], cr[:len(dst)]
	for x := range dst {
		y, u, v := int32(luma[x])*19077>>8, int32(cb[x]), int32(cr[x])
		r := clamp6(y + v*26149>>8 - 14234)
		g := clamp6(y - u*6419>>8 - v*13320>>8 + 8708)
		b := clamp6(y + u*33050>>8 - 17685)
		dst[x] = pack(r, g, b)
	}
}

// clamp6 drops 6 fraction bits and holds the rest to a byte.
func clamp6(v int32) uint8 { return uint8(min(max(v>>6, 0), 255)) }
