package vision_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// read is what a network would of a batch.
func read(t *testing.T, b *vision.Batch) []float32 {
	t.Helper()
	s := rt.Scope(rt.TrainMode())
	defer s.Close()
	x, _ := b.Tensors(s)
	out := s.Floats(x)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Whatever the augmentation and the part of the data, a network reads the same
// numbers of pictures that the device has drawn, blended or not.
func TestDeviceBatchesAreTheWorkers(t *testing.T) {
	dir := pictures(t, 6)
	in := vision.Input{Size: 24, ShortSide: 28, Fit: vision.FitCrop, Mean: [3]float64{0.4, 0.5, 0.6}, Std: [3]float64{0.2, 0.3, 0.4}}
	stretched := in
	stretched.Fit, stretched.BGR = vision.FitStretch, true
	plain := func(d *vision.Dataset) *vision.Dataset { return d.Plain() }
	for name, c := range map[string]struct {
		in      vision.Input
		augment string
		part    func(*vision.Dataset) *vision.Dataset
	}{
		"documented":       {stretched, "documented", nil},
		"crop":             {in, "crop", nil},
		"jitter and all":   {in, everything, nil},
		"jitter and black": {in, "rotate=40,fill=black,brightness=0.9,contrast=0.9,saturation=0.9,hue=0.5,erase=1", nil},
		"evaluation":       {in, "crop", plain},
		"stretched":        {stretched, "documented", plain},
	} {
		t.Run(name, func(t *testing.T) {
			if vision.Fuses() && strings.Contains(name, "jitter") {
				t.Skip("products and sums are fused: jitter is not the device's to the byte")
			}
			open := func(device torch.Device) *vision.Dataset {
				d, err := vision.OpenDataset(dir, vision.DataOptions{Input: c.in, Augment: c.augment, Seed: 5})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = d.Close() })
				part := d.Select([]int{11, 3, 4, 8, 0, 1, 2})
				if c.part != nil {
					part = c.part(part)
				}
				d.DrawOn(device)
				return part
			}
			host, device := open(torch.CPU), open(torch.CUDA(0))
			batch := func(d *vision.Dataset, idx ...int) *vision.Batch {
				b, err := d.Batch(t.Context(), 3, idx)
				if err != nil {
					t.Fatal(err)
				}
				if drawn := b.Pixels != nil; drawn != (d == host) {
					t.Errorf("pictures are drawn by the worker is %t", drawn)
				}
				return b
			}
			for blend, change := range map[string]func(b *vision.Batch){
				"as they are": func(*vision.Batch) {},
				"mixup":       func(b *vision.Batch) { b.Mixup(0.7) },
				"cutmix":      func(b *vision.Batch) { b.Cutmix(0.6, 0.3, 0.9) },
			} {
				var got [2][]float32
				for i, d := range []*vision.Dataset{device, host} {
					a, b := batch(d, 6, 0, 3), batch(d, 1, 5)
					b.Follow(a)
					change(a)
					change(b)
					got[i] = slices.Concat(read(t, a), read(t, b))
				}
				if !slices.Equal(got[0], got[1]) {
					t.Errorf("%s: other numbers than of pictures that a worker drew", blend)
				}
			}
		})
	}
}

// Features that were kept of pictures that a worker drew are those of pictures
// that the device draws. A batch that has them all is drawn where it is blended
// after all; a picture that has gone by then is an error.
func TestDeviceDrawsWhatHasNoFeatures(t *testing.T) {
	dir := pictures(t, 1)
	in := vision.Input{Size: 32, ShortSide: 37, Fit: vision.FitStretch, Std: [3]float64{1, 1, 1}}
	m, c := tailTrains(t, in), featureCache(t, t.TempDir())
	m.UseFeatures(c)
	open := func(device torch.Device, augment string) *vision.Dataset {
		d, err := vision.OpenDataset(dir, vision.DataOptions{Input: in, Augment: augment, Variants: 1, Features: c, CacheBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		d.DrawOn(device)
		return d
	}
	logits := func(d *vision.Dataset, change func(*vision.Batch)) ([]float32, error) {
		b, err := d.Batch(t.Context(), 0, []int{1, 0})
		if err != nil {
			t.Fatal(err)
		}
		change(b)
		s := rt.Scope(rt.EvalMode())
		out := s.Floats(m.Forward(s, b))
		return out, s.Close()
	}
	nothing, mixup := func(*vision.Batch) {}, func(b *vision.Batch) { b.Mixup(0.7) }
	for _, augment := range []string{"documented", ""} {
		host, device := open(torch.CPU, augment), open(torch.CUDA(0), augment)
		for _, sets := range [][2]*vision.Dataset{{host, device}, {device, host}} {
			for name, change := range map[string]func(*vision.Batch){"kept": nothing, "mixup": mixup} {
				want, err := logits(sets[0], change)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := logits(sets[1], change); err != nil || !slices.Equal(got, want) {
					t.Errorf("augment %q, %s: logits %v, error %v, want %v", augment, name, got, err, want)
				}
			}
		}
	}
	host, device := open(torch.CPU, ""), open(torch.CUDA(0), "")
	if err := os.Remove(filepath.Join(dir, "ants", "0.png")); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*vision.Dataset{host, device} {
		if _, err := logits(d, nothing); err != nil {
			t.Errorf("with its features kept: %v", err)
		}
		if _, err := logits(d, mixup); err == nil || !strings.Contains(err.Error(), "0.png") {
			t.Errorf("error %v, want one that names 0.png", err)
		}
	}
}

// What a batch takes on the host is foretold of the place where it is drawn.
func TestExampleBytes(t *testing.T) {
	d, err := vision.OpenDataset(pictures(t, 1), vision.DataOptions{Input: vision.Input{Size: 224, ShortSide: 256}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got := d.ExampleBytes(); got != 3*224*224 {
		t.Errorf("%d bytes, want those of a square of 224", got)
	}
	d.DrawOn(torch.CUDA(0))
	if got := d.ExampleBytes(); got != 3*256*384 {
		t.Errorf("%d bytes where the device draws, want those of 256×384", got)
	}
}
