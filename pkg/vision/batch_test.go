package vision_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/vision"
)

// pictures makes a folder of two classes with n pictures of several sizes each.
func pictures(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, class := range []string{"ants", "bees"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			img := image.NewRGBA(image.Rect(0, 0, 30+rng.IntN(40), 30+rng.IntN(40)))
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					img.Set(x, y, color.RGBA{uint8(5 * x), uint8(4*y + 9*i), uint8(rng.IntN(256)), 255})
				}
			}
			f, err := os.Create(filepath.Join(dir, class, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// everything varies all that can.
const everything = "rotate=20,zoom=0.15,shift=0.1,flip,vflip,jitter=0.2,erase=0.5"

func openVaried(t testing.TB, dir, augment, cache string, seed uint64) *vision.Dataset {
	t.Helper()
	in := vision.Input{Size: 24, ShortSide: 28, Fit: vision.FitCrop}
	if augment == "documented" {
		in.Fit = vision.FitStretch
	}
	d, err := vision.OpenDataset(dir, vision.DataOptions{Input: in, Augment: augment, Seed: seed, CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Three epochs drawn by four workers are, to the bit, those drawn by one, or by
// the training goroutine itself, from memory or from the cache on disk.
func TestWorkersMakeNoDifferenceToBatches(t *testing.T) {
	dir, cache := pictures(t, 9), t.TempDir()
	epochs := func(workers int, cache string) (pixels [][]uint8, names []string) {
		d := openVaried(t, dir, everything, cache, 7)
		defer d.Close()
		plan := loader.Plan{N: d.Len(), Batch: 4, Epochs: 3, Seed: 7, Shuffle: true, Workers: workers, Ahead: 2 * workers}
		build := func(ctx context.Context, epoch, _ int, idx []int) (*vision.Batch, error) {
			return d.Batch(ctx, epoch, idx)
		}
		for item, err := range loader.Run(t.Context(), plan, build) {
			if err != nil {
				t.Fatal(err)
			}
			pixels, names = append(pixels, item.Batch.Pixels), append(names, item.Batch.Names...)
		}
		return pixels, names
	}
	want, order := epochs(1, "")
	for _, c := range []struct {
		workers int
		cache   string
	}{{4, ""}, {0, ""}, {4, cache}, {1, cache}} {
		got, names := epochs(c.workers, c.cache)
		if !slices.Equal(names, order) || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%d workers, cache %q: other batches than one worker's", c.workers, c.cache)
		}
	}
}

// An example's augmentation follows from seed, epoch and index alone: not from
// what else the batch holds, nor from what was drawn before. Any of the three
// changes it.
func TestAugmentationIsAFunctionOfSeedEpochAndIndex(t *testing.T) {
	dir := pictures(t, 6)
	rapid.Check(t, func(rt *rapid.T) {
		seed, epoch := rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(0, 1<<20).Draw(rt, "epoch")
		index := rapid.IntRange(0, 11).Draw(rt, "index")
		augment := rapid.SampledFrom([]string{"documented", "crop", everything}).Draw(rt, "augment")
		draw := func(d *vision.Dataset, epoch int, idx ...int) []uint8 {
			b, err := d.Batch(t.Context(), epoch, idx)
			if err != nil {
				rt.Fatal(err)
			}
			at := slices.Index(idx, index) * len(b.Pixels) / len(idx)
			return b.Pixels[at : at+len(b.Pixels)/len(idx)]
		}
		d := openVaried(t, dir, augment, "", seed)
		defer d.Close()
		want := slices.Clone(draw(d, epoch, index))
		others := rapid.SliceOfN(rapid.IntRange(0, 11), 0, 5).Draw(rt, "others")
		draw(d, epoch+1, append(others, index)...)
		if !slices.Equal(draw(d, epoch, append(others, index)...), want) {
			rt.Fatal("among others the example is another picture")
		}
		again := openVaried(t, dir, augment, "", seed)
		defer again.Close()
		if !slices.Equal(draw(again, epoch, index), want) {
			rt.Fatal("opened again, the example is another picture")
		}
		if augment == "crop" {
			return // whole numbers: now and then two windows are the same
		}
		if slices.Equal(draw(d, epoch+1, index), want) {
			rt.Fatal("the next epoch shows the same picture")
		}
		other := openVaried(t, dir, augment, "", seed+1)
		defer other.Close()
		if slices.Equal(draw(other, epoch, index), want) {
			rt.Fatal("another seed shows the same picture")
		}
	})
}

// Pictures of one shape in training and another in an evaluation are an error; a
// random crop has none.
func TestAugmentFitsInput(t *testing.T) {
	dir := pictures(t, 1)
	for _, c := range []struct{ fit, augment, want string }{
		{vision.FitCrop, "documented", `augment "documented": it stretches pictures to a square, and Input.Fit, for evaluations, is "crop"`},
		{"", "documented", `augment "documented": it stretches`},
		{vision.FitStretch, "rotate=10", `augment "rotate=10": it crops pictures to a square, and Input.Fit, for evaluations, is "stretch"`},
		{vision.FitStretch, "documented", ""},
		{vision.FitCrop, "documented,fit=crop", ""},
		{vision.FitStretch, "crop", ""},
		{vision.FitStretch, "", ""},
	} {
		d, err := vision.OpenDataset(dir, vision.DataOptions{Input: vision.Input{Size: 24, ShortSide: 28, Fit: c.fit}, Augment: c.augment})
		if err == nil {
			err = d.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("fit %q and augment %q: error %v, want %q", c.fit, c.augment, err, c.want)
		}
	}
}
