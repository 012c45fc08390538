package vision_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// tailTrains is a network whose last block and head alone train.
func tailTrains(t *testing.T, in vision.Input) *vision.Model {
	t.Helper()
	m, err := vision.New(rt, vision.Config{
		Architecture: "vgg11_bn", ImageSize: in.Size, Head: vision.Linear, Labels: []string{"a", "b"}, NumLabels: 2,
		Fit: vision.FitCrop, ResizeShortSide: in.ShortSide, ImageStd: [3]float64{1, 1, 1}, ChannelOrder: "RGB",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	thaw(t, m, "block5", "head")
	return m
}

func thaw(t *testing.T, m *vision.Model, groups ...string) {
	t.Helper()
	for _, p := range m.Store().Parameters() {
		if err := p.SetTrainable(slices.Contains(groups, m.Group(p.Name))); err != nil {
			t.Fatal(err)
		}
	}
}

func featureCache(t *testing.T, dir string) *vision.FeatureCache {
	t.Helper()
	c, err := vision.OpenFeatureCache(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// With features kept, logits are those without, in every epoch, for the weights
// as they are: after a write to a frozen one, after a group thawed, from another
// process' files, from damaged ones.
func TestKeptFeaturesChangeNothing(t *testing.T) {
	dir, kept := pictures(t, 6), t.TempDir()
	in := vision.Input{Size: 64, ShortSide: 73, Fit: vision.FitStretch, Std: [3]float64{1, 1, 1}}
	open := func(c *vision.FeatureCache) *vision.Dataset {
		d, err := vision.OpenDataset(dir, vision.DataOptions{Input: in, Augment: "documented", Seed: 3, Variants: 2, Features: c})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	m, plain := tailTrains(t, in), open(nil)
	logits := func(d *vision.Dataset, epoch int, idx []int) (out []float32, drawn bool) {
		b, err := d.Batch(t.Context(), epoch, idx)
		if err != nil {
			t.Fatal(err)
		}
		drawn = b.Pixels != nil
		s := rt.Scope(torch.Mode{Grad: true, Train: true})
		defer s.Close()
		out = s.Floats(m.Forward(s, b))
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		return out, drawn
	}
	idx := []int{4, 0, 3, 1}
	check := func(when string, c *vision.FeatureCache, d *vision.Dataset, epochs int, draws ...bool) {
		t.Helper()
		for epoch := range epochs {
			m.UseFeatures(nil)
			want, _ := logits(plain, epoch, idx)
			m.UseFeatures(c)
			got, drawn := logits(d, epoch, idx)
			if !slices.Equal(got, want) {
				t.Errorf("%s, epoch %d: logits %v, want %v", when, epoch, got, want)
			}
			if drawn != draws[epoch] {
				t.Errorf("%s, epoch %d: pictures are drawn is %v", when, epoch, drawn)
			}
		}
	}
	c := featureCache(t, kept)
	d := open(c)
	check("at first", c, d, 4, true, true, false, false)
	a, _ := logits(d, 0, idx)
	if b, _ := logits(d, 1, idx); slices.Equal(a, b) {
		t.Error("both variants are one")
	}
	again := featureCache(t, kept)
	other := open(again)
	check("from the folder", again, other, 3, true, false, false) // the first batch is drawn before the weights are known

	s := rt.Scope(torch.Mode{})
	s.MulScalar(m.Store().Get("features.0.weight").T, 1)
	s.Normal_(m.Store().Get("features.0.weight").T, 0, 0.3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check("other weights", c, d, 3, false, true, false)
	thaw(t, m, "block4", "block5", "head")
	check("a group thawed", c, d, 3, false, true, false)

	files, err := filepath.Glob(filepath.Join(kept, "*.features"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v (%v), want 3", files, err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := len(data) / 2; i < len(data); i++ {
			data[i] ^= 0x5a
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	damaged := featureCache(t, kept)
	last := open(damaged)
	check("damaged files", damaged, last, 2, true, false)
	// Workers draw what will be looked at.
	thaw(t, m, m.Groups()...)
	check("all thawed", damaged, last, 3, false, true, true)
}
