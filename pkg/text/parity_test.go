package text_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

// Logits, loss and every gradient equal Hugging Face's in float32: for a padded
// batch, one of pairs, one with a single token and one of 512.
func TestEqualsHuggingFace(t *testing.T) {
	f, err := tensorfile.Open("testdata/bert-tiny/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g := golden{t, f}
	m, report, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if s := report.String(); s != "" {
		t.Errorf("load report %q, want none", s)
	}
	for _, name := range []string{"padded", "pairs", "single", "long"} {
		t.Run(name, func(t *testing.T) {
			g := golden{t, g.f}
			s := rt.Scope(torch.Mode{Grad: true})
			defer s.Close()
			x, y := g.batch(name).Tensors(s)
			logits := m.Logits(s, x)
			loss := s.CrossEntropy(logits, y)
			// 1e-5: float32 sums in another order; measured 3e-7.
			near(t, "logits", s.Floats(logits), g.floats(name+".logits"), 1e-5)
			near(t, "loss", s.Floats(loss), g.floats(name+".loss"), 1e-6)
			if _, ok := f.Tensor(name + ".grad.classifier.weight"); !ok {
				return
			}
			s.Backward(loss)
			for _, p := range m.Store().Parameters() {
				near(t, "gradient of "+p.Name, s.Floats(s.Grad(p.T)), g.floats(name+".grad."+p.Name), 1e-4)
			}
			var ps []*torch.Tensor
			for _, p := range m.Store().Parameters() {
				ps = append(ps, p.T)
			}
			s.ZeroGrads(ps)
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

type golden struct {
	t *testing.T
	f *tensorfile.File
}

func (g golden) tensor(name string) tensorfile.Tensor {
	g.t.Helper()
	v, ok := g.f.Tensor(name)
	if !ok {
		g.t.Fatalf("golden has no %q", name)
	}
	return v
}

func (g golden) floats(name string) []float32 {
	g.t.Helper()
	v, err := g.tensor(name).Float32s()
	if err != nil {
		g.t.Fatal(err)
	}
	return v
}

func (g golden) ints(name string) []int64 {
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	v := g.tensor(name)
	return s.Ints(s.FromBytes(v.Data, torch.Int64, v.Shape...))
}

func (g golden) batch(name string) *text.Batch {
	shape := g.tensor(name + ".ids").Shape
	b := &text.Batch{N: shape[0], T: shape[1], IDs: g.ints(name + ".ids"), TypeIDs: g.ints(name + ".types"), Labels: g.ints(name + ".labels")}
	for _, n := range g.ints(name + ".lengths") {
		b.Lengths = append(b.Lengths, int(n))
	}
	return b
}

// near compares by relative L2 norm.
func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff += d * d
		norm += float64(want[i]) * float64(want[i])
	}
	if rel := math.Sqrt(diff / math.Max(norm, 1e-30)); !(rel <= tol) && diff > 1e-14 {
		t.Errorf("%s: relative difference %.2g, want at most %.2g", what, rel, tol)
	}
}

// The real MiniLM: logits, loss, and each gradient's norm.
func TestMiniLMEqualsHuggingFace(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of a real model")
	}
	dir := sharedtest.Dir(t, "models", "minilm-l6-h384-uncased")
	data, err := os.ReadFile("testdata/minilm.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		IDs       [][]int64          `json:"ids"`
		Lengths   []int              `json:"lengths"`
		Labels    []int64            `json:"labels"`
		Logits    [][]float32        `json:"logits"`
		Loss      float32            `json:"loss"`
		GradNorms map[string]float64 `json:"grad_norms"`
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	m, _, err := text.Load(rt, dir, text.LoadOptions{Labels: []string{"a", "b", "c"}, Dropout: &zero})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	fixedHead(t, m)
	b := &text.Batch{N: len(g.IDs), Lengths: g.Lengths, Labels: g.Labels}
	for _, n := range g.Lengths {
		b.T = max(b.T, n)
	}
	b.IDs, b.TypeIDs = make([]int64, b.N*b.T), make([]int64, b.N*b.T)
	var want []float32
	for i, row := range g.IDs {
		copy(b.IDs[i*b.T:], row)
		want = append(want, g.Logits[i]...)
	}
	s := rt.Scope(torch.Mode{Grad: true})
	defer s.Close()
	x, y := b.Tensors(s)
	logits := m.Logits(s, x)
	loss := s.CrossEntropy(logits, y)
	near(t, "logits", s.Floats(logits), want, 1e-5)
	near(t, "loss", s.Floats(loss), []float32{g.Loss}, 1e-6)
	s.Backward(loss)
	for _, p := range m.Store().Parameters() {
		var sum float64
		for _, v := range s.Floats(s.Grad(p.T)) {
			sum += float64(v) * float64(v)
		}
		// The key's bias has a gradient of 0 but for rounding: softmax does not
		// see what is added to a whole row.
		if norm := math.Sqrt(sum); math.Abs(norm-g.GradNorms[p.Name]) > 1e-4*g.GradNorms[p.Name]+1e-7 {
			t.Errorf("gradient of %s: norm %g, want %g", p.Name, norm, g.GradNorms[p.Name])
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// fixedHead sets the head that the golden was made with.
func fixedHead(t *testing.T, m *text.BERT) {
	t.Helper()
	w := m.Store().Get("classifier.weight")
	v := make([]float32, w.T.Numel())
	for i := range v {
		v[i] = float32(i%17-8) / 100
	}
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	s.Copy_(w.T, torch.FromSlice(s, v, w.T.Shape()...))
	s.Copy_(m.Store().Get("classifier.bias").T, torch.FromSlice(s, []float32{0.01, -0.02, 0.03}, 3))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}
