package pixels

import (
	"bytes"
	"errors"
	"image/jpeg"

	"github.com/gen2brain/jpegn"
)

// openJPEG decodes a JPEG file at 1/denom of its size, or at full size where
// only the strict decoder will do.
//
// Two decoders share the work. jpegn is three times as fast and reads what
// cameras write, one-scan baseline YCbCr or grey, once checkBaseline has found
// it whole. Everything else (progressive, CMYK, RGB, odd sampling) goes to
// image/jpeg, which refuses a truncated file by itself.
func openJPEG(data []byte, h *jpegHead, denom int) (rowSource, error) {
	if h.fast() {
		err := h.checkBaseline(data)
		if err == nil {
			img, fastErr := jpegn.Decode(bytes.NewReader(data), &jpegn.Options{ScaleDenom: denom})
			if fastErr == nil {
				return rowsOf(img, false), nil
			}
		} else if !errors.Is(err, errManyScans) {
			return nil, err
		}
	}
	if len(h.comps) == 4 && !h.adobe {
		data = withAdobe(data)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return rowsOf(img, false), nil
}

// fast reports whether the quick decoder may have the file.
func (h *jpegHead) fast() bool {
	if h.frame != markSOF0 && h.frame != markSOF1 {
		return false
	}
	switch len(h.comps) {
	case 1:
		return true
	case 3:
		y, cb, cr := h.comps[0], h.comps[1], h.comps[2]
		return !h.isRGB() && y.h <= 2 && y.v <= 2 && cb.h*cb.v*cr.h*cr.v == 1
	}
	return false
}

// withAdobe puts an Adobe segment into a CMYK file without one, which
// image/jpeg would refuse. What is then read, with the inks inverted, is what PIL
// reads: hardly a program but Adobe's ever wrote CMYK.
func withAdobe(data []byte) []byte {
	const adobe = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	out := make([]byte, 0, len(data)+len(adobe))
	out = append(out, data[:2]...)
	out = append(out, adobe...)
	return append(out, data[2:]...)
}
