package pixels

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every kind of file gives the pixels that PIL reads from it. Lossless kinds are
// equal; JPEG decoders may round the inverse transform differently by one or
// two, and chroma carries that further; lossy WebP the same.
func TestDecodeAgreesWithPIL(t *testing.T) {
	for _, name := range goldenFiles(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			got, err := Decode(name, readFile(t, name), DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			d := compare(t, got, readPNG(t, name+".want.png"))
			t.Logf("largest difference %d, mean %.3f", d.largest, d.mean)
			limit, mean := 0, 0.0
			switch {
			case strings.HasSuffix(name, ".jpg"):
				limit, mean = 4, 0.25
			case strings.HasSuffix(name, ".webp") && strings.Contains(name, "lossy"):
				limit, mean = 4, 0.25
			}
			if d.largest > limit || d.mean > mean {
				t.Errorf("largest difference %d, mean %.3f; want at most %d and %.2f", d.largest, d.mean, limit, mean)
			}
		})
	}
}
