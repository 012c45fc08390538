package vision

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestThumbnail(t *testing.T) {
	dir := t.TempDir()
	// Red above blue: what is looked at must stand as the file does.
	m := image.NewRGBA(image.Rect(0, 0, 90, 180))
	for y := range 180 {
		for x := range 90 {
			m.Set(x, y, map[bool]color.Color{true: color.RGBA{220, 30, 30, 255}, false: color.RGBA{30, 30, 220, 255}}[y < 90])
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.png"), file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := OpenPictures([]string{dir}, DataOptions{Input: Input{Size: 60, ShortSide: 70}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for side, want := range map[int]image.Point{50: {50, 100}, 1000: {70, 140}} {
		data, err := d.Thumbnail(0, side)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds().Size() != want {
			t.Errorf("side %d: %v, want %v", side, got.Bounds().Size(), want)
		}
		top, _, _, _ := got.At(want.X/2, want.Y/4).RGBA()
		bottom, _, _, _ := got.At(want.X/2, want.Y*3/4).RGBA()
		if top>>8 < 180 || bottom>>8 > 70 {
			t.Errorf("side %d: red is %d above and %d below, want much and little", side, top>>8, bottom>>8)
		}
	}
}
