package pixels

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

type format uint8

const (
	formatUnknown format = iota
	formatJPEG
	formatPNG
	formatGIF
	formatBMP
	formatTIFF
	formatWebP
)

func (f format) String() string {
	return [...]string{"", "JPEG", "PNG", "GIF", "BMP", "TIFF", "WebP"}[f]
}

// source is a file's bytes and what its header says.
type source struct {
	data        []byte
	format      format
	w, h        int // as stored, before any orientation
	orientation int // Exif, 1 to 8
	jpeg        *jpegHead
	palette     color.Palette // a GIF's global colours
}

// sniff tells the format by its first bytes: names lie.
func sniff(data []byte) format {
	switch s := string(data[:min(len(data), 12)]); {
	case strings.HasPrefix(s, "\xff\xd8"):
		return formatJPEG
	case strings.HasPrefix(s, "\x89PNG\r\n\x1a\n"):
		return formatPNG
	case strings.HasPrefix(s, "GIF87a"), strings.HasPrefix(s, "GIF89a"):
		return formatGIF
	case strings.HasPrefix(s, "BM"):
		return formatBMP
	case strings.HasPrefix(s, "II*\x00"), strings.HasPrefix(s, "MM\x00*"):
		return formatTIFF
	case len(s) == 12 && s[:4] == "RIFF" && s[8:] == "WEBP":
		return formatWebP
	}
	return formatUnknown
}

// probe reads the header.
func (s *source) probe() error {
	s.orientation = 1
	s.format = sniff(s.data)
	var config image.Config
	var err error
	r := bytes.NewReader(s.data)
	switch s.format {
	case formatJPEG:
		if s.jpeg, err = parseJPEG(s.data); err != nil {
			return err
		}
		s.w, s.h, s.orientation = s.jpeg.w, s.jpeg.h, s.jpeg.orientation
		return nil
	case formatPNG:
		config, err = png.DecodeConfig(r)
		s.orientation = pngOrientation(s.data)
	case formatGIF:
		config, err = gif.DecodeConfig(r)
		s.palette, _ = config.ColorModel.(color.Palette)
	case formatBMP:
		config, err = bmp.DecodeConfig(r)
	case formatTIFF:
		config, err = tiff.DecodeConfig(r)
		s.orientation = tiffOrientation(s.data)
	case formatWebP:
		// The decoder stops behind the pixels; Exif may follow them.
		if int64(binary.LittleEndian.Uint32(s.data[4:]))+8 > int64(len(s.data)) {
			return errTruncated
		}
		config, err = webp.DecodeConfig(r)
		s.orientation = webpOrientation(s.data)
	default:
		return whatElse(s.data)
	}
	s.w, s.h = config.Width, config.Height
	return err
}

// whatElse guesses what a file without an image's first bytes is: half the work
// of mending a data set is knowing.
func whatElse(data []byte) error {
	start := strings.ToLower(string(bytes.TrimSpace(data[:min(len(data), 256)])))
	switch {
	case len(data) == 0:
		return errors.New("empty file")
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return errors.New("a web page, not an image")
	case strings.HasPrefix(start, "<svg"), strings.HasPrefix(start, "<?xml"):
		return errors.New("SVG or XML, not pixels")
	case len(data) > 12 && string(data[4:8]) == "ftyp":
		return errors.New("HEIC, AVIF or video, which is not supported: convert it to JPEG")
	}
	return errors.New("not a JPEG, PNG, GIF, BMP, TIFF or WebP image")
}
