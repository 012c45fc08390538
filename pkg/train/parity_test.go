package train_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Ten steps of AdamW, with clipping, a linear schedule and no decay on biases
// and LayerNorm, give Hugging Face's losses (hack/goldens/bert/bert.py).
func TestTenStepsEqualHuggingFace(t *testing.T) {
	f, err := tensorfile.Open("../text/testdata/bert-tiny/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"padded", "single", "long"} {
		t.Run(name, func(t *testing.T) {
			m, _, err := text.Load(rt, "../text/testdata/bert-tiny", text.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			s := rt.Scope(torch.Mode{})
			ints := func(part string) []int64 {
				v, ok := f.Tensor(name + "." + part)
				if !ok {
					t.Fatalf("golden has no %s.%s", name, part)
				}
				return s.Ints(s.FromBytes(v.Data, torch.Int64, v.Shape...))
			}
			b := &text.Batch{IDs: ints("ids"), TypeIDs: ints("types"), Labels: ints("labels")}
			for _, n := range ints("lengths") {
				b.Lengths = append(b.Lengths, int(n))
			}
			b.N = len(b.Lengths)
			b.T = len(b.IDs) / b.N
			ten, _ := f.Tensor(name + ".ten")
			want := s.Doubles(s.FromBytes(ten.Data, torch.Float64, ten.Shape...))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			compareLosses(t, tenLosses(t, m, b), want)
		})
	}
}

// The same on the real MiniLM, with a padded batch of 1 to 512 tokens.
func TestMiniLMTenSteps(t *testing.T) {
	if os.Getenv("GOTUNE_LONG") == "" {
		t.Skip("a minute of a real model; set GOTUNE_LONG=1")
	}
	dir := sharedtest.Dir(t, "models", "minilm-l6-h384-uncased")
	data, err := os.ReadFile("../text/testdata/minilm.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		IDs     [][]int64 `json:"ids"`
		Lengths []int     `json:"lengths"`
		Labels  []int64   `json:"labels"`
		Ten     []float64 `json:"ten"`
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
	head := make([]float32, 3*m.Config.HiddenSize)
	for i := range head {
		head[i] = float32(i%17-8) / 100
	}
	s := rt.Scope(torch.Mode{})
	s.Copy_(m.Store().Get("classifier.weight").T, torch.FromSlice(s, head, 3, m.Config.HiddenSize))
	s.Copy_(m.Store().Get("classifier.bias").T, torch.FromSlice(s, []float32{0.01, -0.02, 0.03}, 3))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b := &text.Batch{N: len(g.IDs), T: 512, Lengths: g.Lengths, Labels: g.Labels}
	b.IDs, b.TypeIDs = make([]int64, b.N*b.T), make([]int64, b.N*b.T)
	for i, row := range g.IDs {
		copy(b.IDs[i*b.T:], row)
	}
	compareLosses(t, tenLosses(t, m, b), g.Ten)
}

// tenLosses trains on one batch, in float32 with dropout off.
func tenLosses(t *testing.T, m *text.BERT, b *text.Batch) []float64 {
	t.Helper()
	opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	lr, err := schedule.NewLinear(schedule.LinearOptions{LR: 5e-5, Steps: 12})
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for i := range 10 {
		s := rt.Scope(torch.Mode{Grad: true})
		x, y := b.Tensors(s)
		loss := s.CrossEntropy(m.Logits(s, x), y)
		s.Backward(loss)
		opt.ClipNorm(s, 1.0)
		opt.Step(s, lr.At(i))
		losses = append(losses, s.Float(loss))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return losses
}

func compareLosses(t *testing.T, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d losses, want %d", len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-5*math.Abs(want[i])) {
			t.Errorf("loss %d is %.9g, want %.9g", i, got[i], want[i])
		}
	}
}
