package vision_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

// everyStep says for which cases ten steps, or all of torchvision's wide VGG
// heads, are computed without GOTUNE_LONG.
var everyStep = []string{"vgg16/documented", "vgg11_bn/documented", "resnet18/original", "resnet50/original", "vgg16/original"}

func short(key string) bool {
	return os.Getenv("GOTUNE_LONG") == "" && !slices.Contains(everyStep, key)
}

// A golden that the input does not move would pass whatever the network made of
// its pixels: between the two pictures, logits differ by more than their mean.
func TestGoldenLogitsFollowTheInput(t *testing.T) {
	gs := readGoldens(t)
	for _, arch := range vision.Architectures() {
		if gs[arch+"/original"] == nil {
			t.Errorf("no golden of %s", arch)
		}
	}
	for key, g := range gs {
		if len(g.Logits) != 6 {
			t.Fatalf("%s: %d logits, want 6", key, len(g.Logits))
		}
		var differ, mean float64
		for i := range 3 {
			differ += math.Abs(g.Logits[i] - g.Logits[3+i])
			mean += math.Abs(g.Logits[i]+g.Logits[3+i]) / 2
		}
		if !(differ > mean) {
			t.Errorf("%s: logits differ by %g between the pictures, their mean is %g", key, differ, mean)
		}
		for eps, losses := range g.Losses {
			if n := len(losses); n != 10 || !(math.Abs(losses[9]-losses[0]) > 0.01*losses[0]) {
				t.Errorf("%s: losses %v with eps %s hardly move", key, losses, eps)
			}
		}
	}
}

// Every architecture has torchvision's tensors and, for the same weights and
// input, its logits, gradients and losses.
func TestParityWithTorchvision(t *testing.T) {
	for key, g := range readGoldens(t) {
		t.Run(key, func(t *testing.T) {
			if strings.HasPrefix(key, "vgg") && strings.HasSuffix(key, "/original") && short(key) {
				t.Skip("140 million weights; set GOTUNE_LONG=1")
			}
			m := g.open(t, key)
			if tensorsOf(m.Store()) != g.Tensors {
				var names []string
				for _, p := range m.Store().All() {
					names = append(names, p.Name)
				}
				t.Errorf("names, shapes or order of the tensors differ from torchvision's: %v", names)
			}
			g.logits(t, m)
			if key == "vgg16/original" && os.Getenv("GOTUNE_LONG") == "" {
				return // its trunk and a smaller head are another case
			}
			g.gradients(t, m)
			again := refill // what has trained is filled whole
			for eps, want := range g.Losses {
				if short(key) || eps != "1e-07" && os.Getenv("GOTUNE_LONG") == "" {
					continue
				}
				options := train.AdamOptions{Coupled: true, WeightDecay: -1}
				if eps == "1e-07" { // Keras'; the other is PyTorch's, and the default
					options.Eps = 1e-7
				}
				again(t, m, true)
				again = fill
				compareLosses(t, "eps "+eps, g.ten(t, m, options), want)
				if eps == "1e-07" {
					g.statistics(t, m, "statistics")
				}
			}
		})
	}
}

func (g *golden) logits(t *testing.T, m *vision.Model) {
	t.Helper()
	fill(t, m, false)
	s := rt.Scope(rt.EvalMode())
	x, _ := input(s, g.Side)
	got := s.Floats(m.Logits(s, x))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	scale := 0.0
	for _, v := range g.Logits {
		scale = math.Max(scale, math.Abs(v))
	}
	for i, want := range g.Logits {
		// 1e-5: float32 against float64, through up to 152 layers.
		if d := math.Abs(float64(got[i])-want) / scale; !(d <= 1e-5) {
			t.Errorf("logit %d: %g, want %g: off by %.1e of the largest; PyTorch's float32 is by %.1e", i, got[i], want, d, g.Float32.Logits)
		}
	}
}

// gradients compares those of a model that logits has filled.
func (g *golden) gradients(t *testing.T, m *vision.Model) {
	t.Helper()
	refill(t, m, true)
	ps := m.Store().Parameters()
	if len(ps) != len(g.norms) {
		t.Fatalf("%d parameters, want %d", len(ps), len(g.norms))
	}
	total := 0.0
	for _, n := range g.norms {
		total += float64(n) * float64(n)
	}
	s := rt.Scope(torch.Mode{Grad: true, Train: true})
	defer s.Close()
	x, y := input(s, g.Side)
	s.Backward(s.CrossEntropy(m.Logits(s, x), y))
	for i, p := range ps {
		grad := s.Floats(s.Grad(p.T))
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
		// 1e-4 of the gradient, and 1e-6 of them all: that of a bias which the next
		// norm takes off again is 0, but for rounding.
		d := apart(sketchOf(p.Name, grad), g.sketches["gradients"][i])
		if norm := float64(g.norms[i]); !(d <= 1e-4*norm+1e-6*math.Sqrt(total)) {
			t.Errorf("gradient of %s: off by %.1e, its norm is %.3g, all of them have %.3g; PyTorch's float32 is off by %.1e at worst",
				p.Name, d, norm, math.Sqrt(total), g.Float32.Gradients)
		}
	}
	s.ZeroGrads(tensors(ps))
}

// ten trains ten steps on the oracle's batch, as it does.
func (g *golden) ten(t *testing.T, m *vision.Model, o train.AdamOptions) []float64 {
	t.Helper()
	opt, err := train.NewAdam(rt, m.Store().Parameters(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	var losses []float64
	for range 10 {
		s := rt.Scope(torch.Mode{Grad: true, Train: true})
		x, y := input(s, g.Side)
		loss := s.CrossEntropy(m.Logits(s, x), y)
		s.Backward(loss)
		opt.Step(s, g.Rate)
		losses = append(losses, s.Float(loss))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return losses
}

func compareLosses(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d losses, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-5*math.Abs(want[i])) {
			t.Errorf("%s: loss %d is %.9g, want %.9g", what, i, got[i], want[i])
		}
	}
}

// statistics compares the batch norms' running means and variances.
func (g *golden) statistics(t *testing.T, m *vision.Model, which string) {
	t.Helper()
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	want := g.sketches[which]
	for _, p := range m.Store().All() {
		if !strings.Contains(p.Name, "running_") {
			continue
		}
		if len(want) == 0 {
			t.Fatalf("%s: no golden", p.Name)
		}
		v := s.Floats(p.T)
		norm := 0.0
		for _, x := range v {
			norm += float64(x) * float64(x)
		}
		if d := apart(sketchOf(p.Name, v), want[0]); !(d <= 1e-4*math.Sqrt(norm)) {
			t.Errorf("%s after ten steps: off by %.1e, its norm is %.3g", p.Name, d, math.Sqrt(norm))
		}
		want = want[1:]
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

func tensors(ps []*torch.Parameter) []*torch.Tensor {
	out := make([]*torch.Tensor, len(ps))
	for i, p := range ps {
		out[i] = p.T
	}
	return out
}
