package pixels

import (
	"encoding/binary"
	"slices"
)

// Where cameras write which way up a picture is: the Exif orientation, 1 to 8,
// inside a TIFF structure that each container wraps in its own way.

const tagOrientation = 0x0112

// tiffOrientation reads the orientation out of a TIFF structure; 1, upright,
// where it has none or makes no sense.
func tiffOrientation(b []byte) int {
	var order binary.ByteOrder
	switch {
	case len(b) < 8:
		return 1
	case string(b[:4]) == "II*\x00":
		order = binary.LittleEndian
	case string(b[:4]) == "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 1
		}
		e := entries[:12]
		if order.Uint16(e) == tagOrientation && order.Uint16(e[2:]) == 3 {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// pngOrientation reads the eXIf chunk of a PNG file.
func pngOrientation(data []byte) int {
	for pos := 8; pos+8 <= len(data); {
		n := int(binary.BigEndian.Uint32(data[pos:]))
		if n < 0 || n > len(data)-pos-8 {
			return 1
		}
		if string(data[pos+4:pos+8]) == "eXIf" {
			return tiffOrientation(data[pos+8 : pos+8+n])
		}
		pos += 12 + n
	}
	return 1
}

// webpOrientation reads the EXIF chunk of a WebP file.
func webpOrientation(data []byte) int {
	for pos := 12; pos+8 <= len(data); {
		n := int(binary.LittleEndian.Uint32(data[pos+4:]))
		if n < 0 || n > len(data)-pos-8 {
			return 1
		}
		if string(data[pos:pos+4]) == "EXIF" {
			body := data[pos+8 : pos+8+n]
			if slices.Equal(body[:min(6, n)], []byte("Exif\x00\x00")) {
				body = body[6:]
			}
			return tiffOrientation(body)
		}
		pos += 8 + n + n&1
	}
	return 1
}
