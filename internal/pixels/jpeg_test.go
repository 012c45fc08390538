package pixels

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
)

// A file cut anywhere is an error that names it, for every format: no picture is
// made up from part of one. Bytes behind the last pixel (a JPEG's end marker
// apart) may be missing.
func TestTruncatedFilesAreErrors(t *testing.T) {
	for _, name := range goldenFiles(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data := readFile(t, name)
			whole, err := Decode(name, data, DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			step := 1 + len(data)/120
			for n := 0; n < len(data); n += step {
				if n+step >= len(data) {
					n = len(data) - 1 // the last byte alone too
				}
				got, err := Decode("photos/cut", data[:n], DecodeOptions{})
				if err == nil {
					if d := compare(t, got, whole); d.largest == 0 && !strings.HasSuffix(name, ".jpg") {
						continue // all pixels were there
					}
					t.Fatalf("%d of %d bytes decode without an error", n, len(data))
				}
				if !strings.HasPrefix(err.Error(), "image photos/cut: ") {
					t.Fatalf("%d of %d bytes: error %q does not name the file", n, len(data), err)
				}
				var typed *Error
				if !errors.As(err, &typed) {
					t.Fatalf("%d of %d bytes: error of type %T", n, len(data), err)
				}
				if Check("photos/cut", data[:n], DecodeOptions{}) == nil {
					t.Fatalf("%d of %d bytes pass Check", n, len(data))
				}
			}
			if err := Check(name, data, DecodeOptions{}); err != nil {
				t.Errorf("the whole file fails Check: %v", err)
			}
		})
	}
}

// The message says how far the picture goes, even where the file has an end
// marker: a hole in the middle of a download.
func TestCheckBaselineFindsHoles(t *testing.T) {
	for _, name := range []string{"baseline-420.jpg", "baseline-444.jpg", "grey.jpg", "optimized.jpg", "restart.jpg"} {
		data := readFile(t, filepath.Join("testdata", "decode", name))
		scan := bytes.Index(data, []byte{0xff, 0xda})
		middle := (scan + len(data)) / 2
		holed := append(append([]byte(nil), data[:middle]...), 0xff, 0xd9)
		_, err := Decode(name, holed, DecodeOptions{})
		if err == nil || !strings.Contains(err.Error(), "truncated at row ") {
			t.Errorf("%s with its second half gone: error %v", name, err)
		}
	}
	data := readFile(t, filepath.Join("testdata", "decode", "restart.jpg"))
	first := bytes.Index(data, []byte{0xff, 0xd0})
	if first < 0 {
		t.Fatal("no restart marker in restart.jpg")
	}
	data[first+1] = 0xd3
	_, err := Decode("restart.jpg", data, DecodeOptions{})
	if err == nil || !strings.Contains(err.Error(), "corrupt entropy-coded data: marker 0xd3 where restart 0 belongs at row ") {
		t.Errorf("restart markers out of order: error %v", err)
	}
}

// Whatever the strict standard decoder reads, the walk passes, at every quality
// and size: optimal tables, 16-bit codes, odd edges.
func TestCheckBaselinePassesWholeFiles(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {7, 9}, {16, 16}, {17, 33}, {64, 5}} {
		for _, quality := range []int{1, 30, 75, 95, 100} {
			img := image.NewRGBA(image.Rectangle{Max: size})
			for y := range size.Y {
				for x := range size.X {
					img.Set(x, y, color.RGBA{uint8(x * y * 31), uint8(x*97 + y*13), uint8(x ^ y*57), 255})
				}
			}
			var b bytes.Buffer
			if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			h, err := parseJPEG(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if !h.fast() {
				t.Fatal("a baseline file is not on the fast path")
			}
			if err := h.checkBaseline(b.Bytes()); err != nil {
				t.Errorf("%v at quality %d: %v", size, quality, err)
			}
		}
	}
}

// Real photographs, from many cameras and programs: none is refused.
func TestRealPhotographsPass(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(sharedtest.Dir(t, "data", "hymenoptera"), "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() && len(names) > 50 {
		names = names[:50]
	}
	fast := 0
	for _, name := range names {
		data := readFile(t, name)
		if err := Check(name, data, DecodeOptions{}); err != nil {
			t.Error(err)
		}
		if h, err := parseJPEG(data); err == nil && h.fast() {
			fast++
		}
	}
	if fast < len(names)*9/10 {
		t.Errorf("%d of %d on the fast path", fast, len(names))
	}
}

// Large photographs are reduced inside the decoder; that and the full decode
// meet within 2 levels on 98 % of samples.
func TestScaledDecodeAgreesWithFull(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 900, 700))
	for y := range 700 {
		for x := range 900 {
			shade := 60 * math.Sin(float64(x)/37) * math.Cos(float64(y)/53)
			img.Set(x, y, color.RGBA{uint8(128 + shade), uint8(x / 4), uint8(120 + y/8 + x*y%11), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	full, err := Decode("full", b.Bytes(), DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []int{80, 40} { // halves, quarters
		want, err := ResizeShort(full, side)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeShort("short", b.Bytes(), side, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		d := compare(t, got, want)
		if d.mean == 0 {
			t.Errorf("side %d: no difference at all, so nothing was reduced", side)
		}
		far := 0
		for i := range got.Pix {
			if v := int(got.Pix[i]) - int(want.Pix[i]); v > 2 || v < -2 {
				far++
			}
		}
		if share := float64(far) / float64(len(got.Pix)); share > 0.02 {
			t.Errorf("side %d: %.4f of samples more than 2 apart, largest %d", side, share, d.largest)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	data := func(name string) []byte { return readFile(t, filepath.Join("testdata", "decode", name)) }
	patched := func(name string, at int, b ...byte) []byte {
		d := data(name)
		copy(d[at:], b)
		return d
	}
	sof := func(d []byte) int { return bytes.Index(d, []byte{0xff, 0xc0}) }
	jpg := data("baseline-420.jpg")
	for _, c := range []struct {
		name string
		data []byte
		o    DecodeOptions
		want string
	}{
		{"empty", nil, DecodeOptions{}, "image x: empty file"},
		{"text", []byte("hello there, this is no picture"), DecodeOptions{}, "image x: not a JPEG, PNG, GIF"},
		{"page", []byte("\n <!DOCTYPE html><title>404"), DecodeOptions{}, "a web page"},
		{"svg", []byte("<svg xmlns='x'/>"), DecodeOptions{}, "SVG"},
		{"heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), DecodeOptions{}, "convert it to JPEG"},
		{"limit", jpg, DecodeOptions{MaxPixels: 2000}, "JPEG: 61×47 pixels, more than the limit of 2000"},
		{"png bomb", patched("rgb.png", 16, 0, 1, 0, 0, 0, 1, 0, 0), DecodeOptions{}, "PNG: "},
		{"jpeg bomb", patched("baseline-420.jpg", sof(jpg)+5, 0xff, 0xff, 0xff, 0xff), DecodeOptions{}, "65535×65535 pixels, more than the limit of 100000000"},
		{"gif bomb", patched("palette.gif", 6, 0xff, 0xff, 0xff, 0xff), DecodeOptions{}, "65535×65535 pixels"},
		{"bmp bomb", patched("rgb.bmp", 18, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0), DecodeOptions{}, "65535×65535 pixels"},
		{"twelve bits", patched("baseline-420.jpg", sof(jpg)+4, 12), DecodeOptions{}, "12 bits a sample"},
		{"arithmetic", patched("baseline-420.jpg", sof(jpg)+1, 0xc9), DecodeOptions{}, "0xc9"},
		{"two components", patched("baseline-420.jpg", sof(jpg)+9, 2), DecodeOptions{}, "2 colour components"},
		{"no width", patched("baseline-420.jpg", sof(jpg)+7, 0, 0), DecodeOptions{}, "size 0×47"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Decode("x", c.data, c.o)
			if err == nil || m != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("image %v, error %v; want an error with %q", m != nil, err, c.want)
			}
		})
	}
}

// A line of pixels decodes, but not to a short side that would blow it up.
func TestDecodeShortHoldsTheLimit(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 60_000, 1)), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeShort("line", b.Bytes(), 256, DecodeOptions{}); err == nil || !strings.Contains(err.Error(), "would become") {
		t.Errorf("error %v", err)
	}
	if m, err := DecodeShort("line", b.Bytes(), 1, DecodeOptions{}); err != nil || m.W != 60_000 {
		t.Errorf("at short side 1: %v", err)
	}
}

func TestDecodeShortIsDecodeThenResize(t *testing.T) {
	for _, name := range goldenFiles(t) {
		data := readFile(t, name)
		full, err := Decode(name, data, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeShort(name, data, 20, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := ResizeShort(full, 20)
		if err != nil {
			t.Fatal(err)
		}
		// A picture on its side is reduced before it is turned: the passes change
		// places, and with them the rounding between them.
		if d := compare(t, got, want); d.largest > 1 {
			t.Errorf("%s: largest difference %d", name, d.largest)
		}
	}
}

// FuzzDecode looks for files that crash a decoder, hang it, or give a picture
// that is not one.
func FuzzDecode(f *testing.F) {
	for _, name := range goldenFiles(f) {
		f.Add(readFile(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := DecodeOptions{MaxPixels: 1 << 16}
		m, err := Decode("fuzz", data, o)
		if err == nil && !m.valid() {
			t.Fatalf("%d×%d pixels with %d bytes", m.W, m.H, len(m.Pix))
		}
		if err == nil && m.W*m.H > o.MaxPixels {
			t.Fatalf("%d×%d pixels is beyond the limit", m.W, m.H)
		}
		if checkErr := Check("fuzz", data, o); err == nil && checkErr != nil {
			t.Fatalf("decodes, but Check says %v", checkErr)
		}
		if short, shortErr := DecodeShort("fuzz", data, 8, o); shortErr == nil && (err != nil || min(short.W, short.H) != 8) {
			t.Fatalf("%d×%d at short side 8; the full decode said %v", short.W, short.H, err)
		}
	})
}

func ExampleDecode() {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 640, 480)), nil); err != nil {
		fmt.Println(err)
		return
	}
	m, err := Decode("photo.jpg", file.Bytes(), DecodeOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.W, m.H, len(m.Pix))
	_, err = Decode("photo.jpg", file.Bytes()[:2000], DecodeOptions{})
	fmt.Println(err)
	// Output:
	// 640 480 921600
	// image photo.jpg: JPEG: truncated at row 128 of 480
}
