package pixels

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenFiles lists testdata/decode's pictures without the ones that PIL made of
// them.
func goldenFiles(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", "decode", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, ".want.png") {
			files = append(files, f)
		}
	}
	if len(files) < 50 {
		t.Fatalf("only %d pictures in testdata/decode", len(files))
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readPNG reads an eight-bit RGB golden with the standard library alone.
func readPNG(t testing.TB, name string) *Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(readFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	m := NewImage(img.Bounds().Dx(), img.Bounds().Dy())
	for y := range m.H {
		for x := range m.W {
			r, g, b, _ := img.At(x, y).RGBA()
			o := 3 * (y*m.W + x)
			m.Pix[o], m.Pix[o+1], m.Pix[o+2] = uint8(r>>8), uint8(g>>8), uint8(b>>8)
		}
	}
	return m
}

// difference sums up how far two pictures are apart.
type difference struct {
	largest int
	mean    float64
	beyond1 float64 // share of samples more than 1 apart
}

func compare(t testing.TB, got, want *Image) difference {
	t.Helper()
	if got.W != want.W || got.H != want.H || len(got.Pix) != len(want.Pix) {
		t.Fatalf("size %d×%d, want %d×%d", got.W, got.H, want.W, want.H)
	}
	return compareBytes(t, got.Pix, want.Pix)
}

func compareBytes(t testing.TB, got, want []uint8) difference {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
	var d difference
	for i := range got {
		v := int(got[i]) - int(want[i])
		if v < 0 {
			v = -v
		}
		d.largest = max(d.largest, v)
		d.mean += float64(v) / float64(len(got))
		if v > 1 {
			d.beyond1 += 1 / float64(len(got))
		}
	}
	return d
}
