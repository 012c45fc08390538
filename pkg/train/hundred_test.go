package train_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// hundred is a case of hack/goldens/train/parity.py.
type hundred struct {
	Options struct {
		Decay      *float64           `json:"decay"`
		Beta1      float64            `json:"beta1"`
		Beta2      float64            `json:"beta2"`
		Eps        float64            `json:"eps"`
		Coupled    bool               `json:"coupled"`
		Smoothing  float64            `json:"smoothing"`
		Weights    []float64          `json:"weights"`
		Clip       float64            `json:"clip"`
		ClipValue  float64            `json:"clip_value"`
		EMA        float64            `json:"ema"`
		Schedule   string             `json:"schedule"`
		Warmup     int                `json:"warmup"`
		GroupRates map[string]float64 `json:"scale"`
	} `json:"options"`
	Losses  []float64            `json:"losses"`
	Norms   []float64            `json:"norms"`
	Weights map[string][]float64 `json:"weights"`
	EMA     map[string][]float64 `json:"ema"`
}

// A hundred steps of every optimiser, loss and schedule option equal PyTorch's:
// losses, gradient norms, the weights at the end and their average.
func TestHundredStepsEqualPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/parity.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		X       []float32            `json:"x"`
		Y       []int64              `json:"y"`
		Weights map[string][]float32 `json:"weights"`
		Cases   map[string]hundred   `json:"cases"`
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) < 20 {
		t.Fatalf("%d cases", len(g.Cases))
	}
	for name, c := range g.Cases {
		t.Run(name, func(t *testing.T) { c.check(t, g.X, g.Y, g.Weights) })
	}
}

// net is the goldens' network: 6 → 8, layer norm, tanh → 3.
type net struct {
	st          *torch.Store
	hidden, out *torch.Linear
	norm        *torch.LayerNorm
}

func newNet(t *testing.T, weights map[string][]float32) *net {
	t.Helper()
	n := &net{st: rt.NewStore()}
	t.Cleanup(n.st.Close)
	var errs [3]error
	n.hidden, errs[0] = torch.NewLinear(n.st, "hidden", features, 8, torch.Constant(0), torch.Constant(0))
	n.norm, errs[1] = torch.NewLayerNorm(n.st, "norm", 8, 1e-5)
	n.out, errs[2] = torch.NewLinear(n.st, "out", 8, 3, torch.Constant(0), torch.Constant(0))
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := rt.Scope(torch.Mode{})
	for _, p := range n.st.All() {
		s.Copy_(p.T, torch.FromSlice(s, weights[p.Name], p.T.Shape()...))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *net) forward(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	return n.out.Forward(s, s.Tanh(n.norm.Forward(s, n.hidden.Forward(s, x))))
}

func (c hundred) adam() train.AdamOptions {
	o := c.Options
	a := train.AdamOptions{
		Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Coupled: o.Coupled,
		Rate: func(p *torch.Parameter) float64 {
			group, _, _ := strings.Cut(p.Name, ".")
			if f, ok := o.GroupRates[group]; ok {
				return f
			}
			return 1
		},
	}
	if o.Decay != nil {
		if a.WeightDecay = *o.Decay; a.WeightDecay == 0 {
			a.WeightDecay = -1 // none
		}
	}
	return a
}

func (c hundred) schedule(t *testing.T) schedule.Schedule {
	t.Helper()
	name := c.Options.Schedule
	if name == "" {
		name = "constant"
	}
	o := schedule.Options{LR: 1e-2, Steps: len(c.Losses), Warmup: schedule.Warmup{Steps: c.Options.Warmup}, Every: 30}
	switch name {
	case "plateau":
		o.Gamma = 0.5
	case "polynomial":
		o.End = -1 // to 0
	}
	s, err := schedule.Parse(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c hundred) check(t *testing.T, x []float32, y []int64, weights map[string][]float32) {
	n := newNet(t, weights)
	opt, err := train.NewAdam(rt, n.st.Parameters(), c.adam())
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	var ema *train.EMA
	if c.Options.EMA > 0 {
		if ema, err = train.NewEMA(rt, n.st, c.Options.EMA); err != nil {
			t.Fatal(err)
		}
		defer ema.Close()
	}
	lr := c.schedule(t)
	for k := range c.Losses {
		s := rt.Scope(torch.Mode{Grad: true})
		o := torch.LossOptions{LabelSmoothing: c.Options.Smoothing}
		if w := c.Options.Weights; w != nil {
			o.ClassWeights = s.Cast(torch.FromSlice(s, w, len(w)), torch.Float32)
		}
		loss := s.CrossEntropyWith(n.forward(s, torch.FromSlice(s, x, len(y), features)), torch.FromSlice(s, y, len(y)), o)
		s.Backward(loss)
		norm := opt.ClipNorm(s, 0)
		if v := c.Options.ClipValue; v > 0 {
			opt.ClipValue(s, v)
		}
		if v := c.Options.Clip; v > 0 {
			opt.ClipNorm(s, v)
		}
		near(t, "loss", k, s.Float(loss), c.Losses[k], 1e-6)
		// Gradients are differences of nearly equal numbers: they have fewer digits.
		near(t, "gradient norm", k, s.Float(norm), c.Norms[k], 1e-5)
		opt.Step(s, lr.At(k))
		if ema != nil {
			ema.Update(s)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if r, ok := lr.(*schedule.ReducePlateau); ok && k%10 == 9 {
			r.Observe(1 / float64(1+min(k, 29)))
		}
	}
	same(t, "weights", n.st, c.Weights)
	if ema != nil {
		same(t, "average", ema.Store(), c.EMA)
	}
}

// near allows for what float32 rounds otherwise on another processor.
func near(t *testing.T, what string, step int, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s of step %d is %.9g, want %.9g", what, step, got, want)
	}
}

// same compares by the norm of each parameter: an element near 0 has no digits.
func same(t *testing.T, what string, st *torch.Store, want map[string][]float64) {
	t.Helper()
	for _, p := range st.All() {
		got := make([]float64, p.T.Numel())
		if err := torch.CopyOut(got, p.T); err != nil {
			t.Fatal(err)
		}
		off, size := 0.0, 0.0
		for i, w := range want[p.Name] {
			off, size = off+(got[i]-w)*(got[i]-w), size+w*w
		}
		if len(got) != len(want[p.Name]) || !(math.Sqrt(off) <= 1e-6*math.Sqrt(size)) {
			t.Errorf("%s: %s is off by %g of its norm", what, p.Name, math.Sqrt(off/size))
		}
	}
}
