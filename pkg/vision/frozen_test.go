package vision_test

import (
	"fmt"
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
