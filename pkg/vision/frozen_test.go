package vision_test

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// peakOf returns how far the process' memory grows while f runs, in bytes.
func peakOf(t *testing.T, f func()) int {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skipf("the peak of memory cannot be set back: %v", err)
	}
	read := func(field string) (kib int) {
		data, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(data), field+":")
		if _, err := fmt.Sscan(rest, &kib); err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		return kib
	}
	before := read("VmRSS")
	f()
	return (read("VmHWM") - before) * 1024
}

// What is frozen keeps no activations: a step that trains the head alone needs
// little more memory than its largest layer.
func TestFrozenPrefixKeepsNoActivations(t *testing.T) {
	m, err := vision.New(rt, vision.Config{
		Architecture: "vgg11", ImageSize: 128, Head: vision.Linear, Labels: []string{"a", "b"}, NumLabels: 2,
		Fit: vision.FitCrop, ResizeShortSide: 128, ImageStd: [3]float64{1, 1, 1}, ChannelOrder: "RGB",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const N = 8
	step := func() {
		s := rt.Scope(torch.Mode{Grad: true, Train: true})
		x := s.Ones(torch.Float32, N, 3, 128, 128)
		loss := s.CrossEntropy(m.Logits(s, x), torch.FromSlice(s, make([]int64, N), N))
		s.Backward(loss)
		var ps []*torch.Tensor
		for _, p := range m.Store().Parameters() {
			ps = append(ps, p.T)
		}
		s.ZeroGrads(ps)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	freeze := func(what func(group string) bool) {
		for _, p := range m.Store().Parameters() {
			if err := p.SetTrainable(!what(m.Group(p.Name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	freeze(func(group string) bool { return group != "head" })
	step() // what libtorch keeps for good
	head := peakOf(t, step)
	freeze(func(string) bool { return false })
	whole := peakOf(t, step)
	t.Logf("%d MiB for the head alone, %d MiB for all", head>>20, whole>>20)
	if head > whole/2 {
		t.Errorf("a step of the head alone takes %d MiB, of all %d MiB", head>>20, whole>>20)
	}
}

// Pictures and weights that are no numbers are errors, also where a fused ReLU would
// make 0 of them.
func TestNoNumbers(t *testing.T) {
	const side = 32
	cfg := vision.DefaultConfig("vgg11", vision.Linear, []string{"a", "b"})
	cfg.ImageSize, cfg.ResizeShortSide = side, side
	m, err := vision.New(rt, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	spoiled := func(pixel float64) error {
		s := rt.Scope(rt.EvalMode())
		x := make([]float32, 3*side*side)
		x[77] = float32(pixel)
		m.Logits(s, torch.FromSlice(s, x, 1, 3, side, side))
		return s.Close()
	}
	if err := spoiled(1); err != nil {
		t.Fatal(err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(-1)} {
		if err := spoiled(v); err == nil || !strings.Contains(err.Error(), "not all pixels are finite") {
			t.Errorf("a pixel of %g: error %v", v, err)
		}
	}
	s := rt.Scope(rt.EvalMode())
	s.MulScalar_(m.Store().Get("features.3.weight").T, math.Inf(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := spoiled(1); err == nil || !strings.Contains(err.Error(), "features.3.weight") {
		t.Errorf("weights of infinity: error %v", err)
	}
}
