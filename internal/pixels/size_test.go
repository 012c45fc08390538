package pixels_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/pixels"
)

// Size agrees with what decoding gives, also of turned pictures.
func TestSizeIsThatOfTheDecodedPicture(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pixels.Decode(path, data, pixels.DecodeOptions{})
		if err != nil {
			continue // others test what is no picture
		}
		w, h, err := pixels.Size(path, data, pixels.DecodeOptions{})
		if err != nil || w != m.W || h != m.H {
			t.Errorf("%s: %d×%d, %v; decoded it has %d×%d", path, w, h, err, m.W, m.H)
		}
	}
	if _, _, err := pixels.Size("x.jpg", []byte("no picture"), pixels.DecodeOptions{}); err == nil || !strings.Contains(err.Error(), "x.jpg") {
		t.Errorf("of no picture: %v", err)
	}
}
