package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// JPEG markers, ITU T.81 table B.1.
const (
	markSOF0  = 0xc0 // baseline frame
	markSOF1  = 0xc1 // extended sequential frame, Huffman
	markSOF2  = 0xc2 // progressive frame, Huffman
	markDHT   = 0xc4
	markRST0  = 0xd0
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markDRI   = 0xdd
	markAPP1  = 0xe1 // Exif
	markAPP14 = 0xee // Adobe: how the colours are coded
	markTEM   = 0x01
)

// jpegComponent is one colour plane of a frame.
type jpegComponent struct {
	id   uint8
	h, v int // sampling factors
}

// jpegHead is what a JPEG file says before its first scan.
type jpegHead struct {
	frame       uint8 // SOF marker
	w, h        int
	comps       []jpegComponent
	orientation int  // Exif, 1 where absent
	adobe       bool // an Adobe segment is there, and this is its transform:
	transform   uint8
	restart     int // MCUs between restart markers, 0 for none
	dc, ac      [4]*huffTable
	sos         int // offset of the first SOS segment's length
}

var errNoImage = errors.New("no image in it")

// parseJPEG walks the segments up to the first scan.
func parseJPEG(data []byte) (*jpegHead, error) {
	h := &jpegHead{orientation: 1}
	pos := 2 // past SOI
	for {
		mark, at, err := nextMarker(data, pos)
		if err != nil {
			return nil, err
		}
		switch {
		case mark == markEOI:
			return nil, errNoImage
		case mark == markTEM || mark >= markRST0 && mark <= markSOI:
			pos = at
			continue
		}
		body, err := segment(data, at)
		if err != nil {
			return nil, fmt.Errorf("segment %#02x: %w", mark, err)
		}
		pos = at + 2 + len(body)
		switch {
		case mark == markSOS:
			if h.frame == 0 {
				return nil, errors.New("a scan before any frame")
			}
			h.sos = at
			return h, nil
		case mark == markDHT:
			err = h.readHuffman(body)
		case mark >= 0xc0 && mark <= 0xcf && mark != 0xc8 && mark != 0xcc:
			err = h.readFrame(mark, body)
		case mark == markDRI && len(body) >= 2:
			h.restart = int(binary.BigEndian.Uint16(body))
		case mark == markAPP1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00":
			h.orientation = tiffOrientation(body[6:])
		case mark == markAPP14 && len(body) >= 12 && string(body[:5]) == "Adobe":
			h.adobe, h.transform = true, body[11]
		}
		if err != nil {
			return nil, err
		}
	}
}

// nextMarker finds the marker at or after pos and the offset behind it. Bytes
// that belong to nothing are passed over, as every JPEG reader does.
func nextMarker(data []byte, pos int) (mark uint8, after int, err error) {
	for pos+1 < len(data) {
		if data[pos] == 0xff && data[pos+1] != 0 && data[pos+1] != 0xff {
			return data[pos+1], pos + 2, nil
		}
		pos++
	}
	return 0, 0, errTruncated
}

// segment returns the payload of the segment whose length stands at pos.
func segment(data []byte, pos int) ([]byte, error) {
	if pos+2 > len(data) {
		return nil, errTruncated
	}
	n := int(binary.BigEndian.Uint16(data[pos:]))
	if n < 2 {
		return nil, fmt.Errorf("length %d, want at least 2", n)
	}
	if pos+n > len(data) {
		return nil, errTruncated
	}
	return data[pos+2 : pos+n], nil
}

func (h *jpegHead) readFrame(mark uint8, body []byte) error {
	if h.frame != 0 {
		return errors.New("two frames in one image")
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return errors.New("frame header too short")
	}
	switch {
	case mark > markSOF2:
		return fmt.Errorf("coding process %#02x (lossless, hierarchical or arithmetic) is not supported", mark)
	case body[0] != 8:
		return fmt.Errorf("%d bits a sample, only 8 are supported", body[0])
	}
	h.frame = mark
	h.h, h.w = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if n := body[5]; n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%d colour components, want 1, 3 or 4", n)
	}
	for i := range int(body[5]) {
		c := body[6+3*i:]
		comp := jpegComponent{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15)}
		if comp.h < 1 || comp.h > 4 || comp.v < 1 || comp.v > 4 {
			return fmt.Errorf("sampling factors %d×%d of component %d, want 1 to 4", comp.h, comp.v, i)
		}
		h.comps = append(h.comps, comp)
	}
	if h.w == 0 || h.h == 0 {
		return fmt.Errorf("size %d×%d", h.w, h.h)
	}
	return nil
}

// isRGB reports whether three components are red, green and blue as they stand.
// The rule is libjpeg's: an Adobe segment decides; without one, the letters do.
func (h *jpegHead) isRGB() bool {
	if len(h.comps) != 3 {
		return false
	}
	if h.adobe {
		return h.transform == 0
	}
	return h.comps[0].id == 'R' && h.comps[1].id == 'G' && h.comps[2].id == 'B'
}
