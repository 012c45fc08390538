package vision_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/vision"
)

// splitPhotos writes nine pictures of 8×6 pixels, in three splits, and one more that
// is none.
func splitPhotos(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var picture bytes.Buffer
	m := image.NewNRGBA(image.Rect(0, 0, 8, 6))
	for i := range m.Pix {
		m.Pix[i] = uint8(i) | 3 // seen
	}
	if err := png.Encode(&picture, m); err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png", "train/b/3.png",
		"val/a/1.png", "val/b/1.png", "test/a/1.png", "test/b/1.png",
	} {
		write(name, picture.Bytes())
	}
	write("train/a/bad.png", picture.Bytes()[:40])
	return dir
}

func TestGood(t *testing.T) {
	o := vision.DataOptions{Input: vision.Input{Size: 32, ShortSide: 37}, CacheDir: t.TempDir()}
	dir := splitPhotos(t)
	for _, cached := range []int{0, 9} { // the second time they are there
		d, err := vision.OpenDataset(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		var seen []int
		good, r, err := d.Good(t.Context(), vision.ReadOptions{Workers: 3, Observe: func(done, total int) {
			if total != 10 {
				t.Errorf("told of %d pictures, want 10", total)
			}
			seen = append(seen, done)
		}})
		if err != nil {
			t.Fatal(err)
		}
		if good.Len() != 9 || r.Cached != cached || r.CacheErr != nil || len(seen) != 10 || seen[9] != 10 {
			t.Errorf("%d good, %d cached, %v, told %v; want 9, %d, nil, 1 to 10", good.Len(), r.Cached, r.CacheErr, seen, cached)
		}
		if len(r.Bad) != 1 || !strings.HasSuffix(r.Bad[0].Name, "train/a/bad.png") || !strings.Contains(r.Bad[0].Err.Error(), "bad.png") {
			t.Errorf("bad: %v, want train/a/bad.png", r.Bad)
		}
		if n := good.Splits()["train"].Len(); n != 5 {
			t.Errorf("%d to train on, want 5", n)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGoodIsCancelled(t *testing.T) {
	d, err := vision.OpenDataset(splitPhotos(t), vision.DataOptions{Input: vision.Input{Size: 32, ShortSide: 37}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Good(ctx, vision.ReadOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// What is evaluated is the same in each epoch.
func TestOnlyTheTrainingSplitVaries(t *testing.T) {
	d, err := vision.OpenDataset(splitPhotos(t), vision.DataOptions{Input: vision.Input{Size: 32, ShortSide: 37}, Augment: "crop", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, part := range d.Splits() {
		var pixels [2][]uint8
		for epoch := range pixels {
			b, err := part.Batch(t.Context(), epoch, []int{0, 1})
			if err != nil {
				t.Fatal(err)
			}
			pixels[epoch] = b.Pixels
		}
		if varies := !bytes.Equal(pixels[0], pixels[1]); varies != (name == "train") {
			t.Errorf("%s varies by epoch: %t", name, varies)
		}
	}
}
