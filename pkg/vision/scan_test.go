package vision_test

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/vision"
)

// paint writes a picture of one colour.
func paint(t *testing.T, path string, w, h int, c color.Color) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
}

// A scan tells the files' sizes and finds copies by what they show.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	red, blue := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}
	paint(t, filepath.Join(dir, "a", "1.png"), 90, 60, red)
	paint(t, filepath.Join(dir, "a", "2.png"), 90, 60, blue)
	paint(t, filepath.Join(dir, "b", "3.png"), 90, 60, red)
	paint(t, filepath.Join(dir, "b", "4.png"), 40, 80, red)
	in := vision.DefaultConfig("resnet18", vision.Linear, []string{"a", "b"}).Input()
	d, err := vision.OpenDataset(dir, vision.DataOptions{Input: in})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	seen := 0
	s, err := d.Scan(context.Background(), 2, func(done, total int) {
		if seen++; done != seen || total != 4 {
			t.Errorf("%d of %d after %d", done, total, seen-1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{90, 90, 90, 40}, s.Widths); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{60, 60, 60, 80}, s.Heights); diff != "" {
		t.Error(diff)
	}
	if s.Hashes[0] != s.Hashes[2] || s.Hashes[0] == s.Hashes[1] || s.Hashes[0] == s.Hashes[3] {
		t.Errorf("hashes %x", s.Hashes)
	}
	if s.Decoded < int64(4*3*in.ShortSide*in.ShortSide) || s.Held != s.Decoded {
		t.Errorf("%d bytes decoded, %d held", s.Decoded, s.Held)
	}
	if err := os.WriteFile(filepath.Join(dir, "b", "4.png"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Scan(context.Background(), 0, nil); err == nil {
		t.Error("a picture that cannot be read gave no error")
	}
}
