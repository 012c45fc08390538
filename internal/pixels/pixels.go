// Package pixels turns image files into the numbers a network reads: decode,
// orient, reduce to a short side, warp, augment, normalise, and keep what was
// decoded for the next epoch.
//
// The pipeline has two halves with different costs. Decoding a photograph takes
// milliseconds and gives the same pixels every time, so [Decoder] results go
// through a [Cache] once per data set. Augmentation differs at each epoch, so it
// is one affine warp from the cached picture straight into the batch
// ([WarpInto]), with every random choice folded into its 2×3 matrix.
//
// Everything here is plain Go on byte slices: no tensors, no libtorch.
package pixels

// Image is a decoded picture: eight-bit RGB, interleaved, rows from the top.
//
// Pix holds 3·W·H bytes and belongs to whoever made the image; an image out of a
// [Cache] is a read-only view of it.
type Image struct {
	W, H int
	Pix  []uint8
}

// NewImage returns a black image of w×h pixels.
func NewImage(w, h int) *Image {
	return &Image{W: w, H: h, Pix: make([]uint8, 3*w*h)}
}

// At returns the colour of the pixel in column x of row y.
func (m *Image) At(x, y int) (r, g, b uint8) {
	o := 3 * (y*m.W + x)
	return m.Pix[o], m.Pix[o+1], m.Pix[o+2]
}

// valid reports whether the picture has pixels, and as many as it claims.
func (m *Image) valid() bool {
	return m.W > 0 && m.H > 0 && len(m.Pix) == 3*m.W*m.H
}

// A pixel in flight is one machine word: red in bits 0–20, green in 21–41, blue
// in 42–62. A lane of 21 bits holds 255·8192, so a weighted sum whose weights
// are 13-bit fixed-point numbers adding up to one is a single multiplication a
// tap for all three channels, and no lane ever spills into the next.
const (
	laneBits   = 21
	weightBits = 13
	weightOne  = 1 << weightBits
	// laneMask keeps the low eight bits of every lane.
	laneMask = 0xff | 0xff<<laneBits | 0xff<<(2*laneBits)
	// laneHalf is a half at weightBits in every lane: it rounds a weighted sum.
	laneHalf = 1<<(weightBits-1) | 1<<(weightBits-1+laneBits) | 1<<(weightBits-1+2*laneBits)
)

// pack puts three channels into the lanes of one word.
func pack(r, g, b uint8) uint64 {
	return uint64(r) | uint64(g)<<laneBits | uint64(b)<<(2*laneBits)
}

// spread moves the low three bytes of v, red first, into the lanes.
func spread(v uint64) uint64 {
	return v&0xff | v&0xff00<<(laneBits-8) | v&0xff0000<<(2*laneBits-16)
}

// packRow widens a row of interleaved bytes; len(src) is 3·len(dst).
func packRow(dst []uint64, src []uint8) {
	for i := range dst {
		s := src[3*i : 3*i+3 : 3*i+3]
		dst[i] = pack(s[0], s[1], s[2])
	}
}

// unpackRow is packRow's inverse.
func unpackRow(dst []uint8, src []uint64) {
	for i, v := range src {
		d := dst[3*i : 3*i+3 : 3*i+3]
		d[0], d[1], d[2] = uint8(v), uint8(v>>laneBits), uint8(v>>(2*laneBits))
	}
}

// rowSource is a decoded picture in whatever layout its decoder left it, read a
// row at a time so that a reduction never holds the whole of it twice.
type rowSource interface {
	size() (w, h int)
	// row fills dst, w packed pixels, with row y. Rows may be asked for in any
	// order, but going down is the cheap one.
	row(y int, dst []uint64)
}

// imageRows reads an Image.
type imageRows struct{ *Image }

func (s imageRows) size() (int, int) { return s.W, s.H }

func (s imageRows) row(y int, dst []uint64) {
	packRow(dst, s.Pix[3*y*s.W:3*(y+1)*s.W])
}

// collect reads every row of s.
func collect(s rowSource) *Image {
	w, h := s.size()
	m := NewImage(w, h)
	line := make([]uint64, w)
	for y := range h {
		s.row(y, line)
		unpackRow(m.Pix[3*y*w:3*(y+1)*w], line)
	}
	return m
}
