package vision_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// wave is the formula of hack/goldens/vision/logits.py: the same numbers on both
// sides, so that no weights are stored.
func wave(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(uint32(uint64(i)*2654435761))/(1<<32) - 0.5
	}
	return out
}

func fill(t *testing.T, st *torch.Store) {
	t.Helper()
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	for _, p := range st.All() {
		if strings.HasSuffix(p.Name, "num_batches_tracked") {
			continue
		}
		shape := p.T.Shape()
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i, u := range wave(n) {
			switch {
			case strings.HasSuffix(p.Name, "running_var"):
				u = 1 + 0.2*u
			case len(shape) > 1:
				u *= math.Sqrt(24 / float64(n/shape[0])) // He's variance
			case strings.HasSuffix(p.Name, "weight"):
				u = 1 + 0.2*u
			default:
				u *= 0.2
			}
			v[i] = float32(u)
		}
		s.Copy_(p.T, torch.FromSlice(s, v, shape...))
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// Every architecture gives torchvision's logits for the same weights and input.
func TestLogitsEqualTorchvision(t *testing.T) {
	data, err := os.ReadFile("testdata/torchvision.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]struct{ Logits []float32 }
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, arch := range vision.Architectures() {
		t.Run(arch, func(t *testing.T) {
			if small := arch == "resnet18" || arch == "resnet50"; testing.Short() && !small {
				t.Skip("-short: a large model")
			}
			want := golden[arch].Logits
			if len(want) != 6 {
				t.Fatalf("golden has %d logits, want 6", len(want))
			}
			cfg := vision.DefaultConfig(arch, vision.Original, []string{"a", "b", "c"})
			cfg.ImageSize, cfg.ResizeShortSide = 64, 73
			m, err := vision.New(rt, cfg, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			fill(t, m.Store())
			s := rt.Scope(torch.Mode{})
			defer s.Close()
			x := make([]float32, 2*3*64*64)
			for i, u := range wave(len(x)) {
				x[i] = float32(u)
			}
			got := s.Floats(m.Logits(s, torch.FromSlice(s, x, 2, 3, 64, 64)))
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			scale := 0.0
			for _, v := range want {
				scale = math.Max(scale, math.Abs(float64(v)))
			}
			for i := range want {
				// 1e-5: float32 sums in another order.
				if d := math.Abs(float64(got[i]-want[i])) / scale; !(d <= 1e-5) {
					t.Errorf("logit %d: %g, want %g: off by %.1e of the largest", i, got[i], want[i], d)
				}
			}
		})
	}
}
