package text_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

// A text's mean is that of its own states, whatever texts pad the batch.
func TestMeanPassesOverPadding(t *testing.T) {
	m, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	one := func(ids ...int64) *text.Batch {
		return &text.Batch{N: 1, T: len(ids), IDs: ids, TypeIDs: make([]int64, len(ids)), Lengths: []int{len(ids)}, Labels: []int64{-1}, Names: []string{"x"}}
	}
	both := &text.Batch{
		N: 2, T: 4, IDs: []int64{5, 6, 7, 8, 9, 10, 0, 0}, TypeIDs: make([]int64, 8), Lengths: []int{4, 2},
		Labels: []int64{-1, -1}, Names: []string{"a", "b"},
	}
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	got := s.Floats(m.Mean(s, both))
	var want []float32
	for _, b := range []*text.Batch{one(5, 6, 7, 8), one(9, 10)} {
		h := m.Hidden(s, b.Inputs(s)) // [1,T,H]
		sum := s.Select(h, 1, 0)
		for i := 1; i < b.T; i++ {
			sum = s.Add(sum, s.Select(h, 1, i))
		}
		want = append(want, s.Floats(s.MulScalar(sum, 1/float64(b.T)))...)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	near(t, "mean", got, want, 1e-5)
}

// The states after every layer, their means, the first token's and the pooler's
// output are Hugging Face's: hack/goldens/bert/hidden.py.
func TestFeaturesEqualHuggingFace(t *testing.T) {
	dir := "testdata/bert-tiny"
	m, _, err := text.Load(rt, dir, text.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	inputs, err := tensorfile.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer inputs.Close()
	hidden, err := tensorfile.Open(filepath.Join(dir, "hidden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer hidden.Close()
	b, want := golden{t, inputs}.batch("padded"), golden{t, hidden}
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	check := func(name string, got *torch.Tensor) {
		t.Helper()
		near(t, name, s.Floats(got), want.floats(name), 1e-5)
	}
	for n := range m.Layers() + 1 {
		check(fmt.Sprintf("cls.%d", n), s.Select(m.HiddenAt(s, b.Inputs(s), n), 1, 0))
		check(fmt.Sprintf("mean.%d", n), m.MeanAt(s, b, n))
	}
	check("pooled", m.Pooled(s, b.Inputs(s)))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	m.HiddenAt(s, b.Inputs(s), m.Layers()+1)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "layer 3: want 0") {
		t.Errorf("a layer too many: %v", err)
	}
}

// What the embeddings have no row for is an error that names the text, before a device
// sees it.
func TestIDsBeyondTheEmbeddings(t *testing.T) {
	m, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{Labels: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for want, b := range map[string]*text.Batch{
		fmt.Sprintf("second: token id %d, but the model has %[1]d", m.Config.VocabSize): {IDs: []int64{5, 6, 7, int64(m.Config.VocabSize)}, TypeIDs: make([]int64, 4)},
		"first: token id -1, but the model has":                                         {IDs: []int64{5, -1, 7, 8}, TypeIDs: make([]int64, 4)},
		fmt.Sprintf("second: type id 9, but the model has %d", m.Config.TypeVocabSize):  {IDs: make([]int64, 4), TypeIDs: []int64{0, 0, 9, 0}},
	} {
		b.N, b.T, b.Lengths, b.Labels, b.Names = 2, 2, []int{2, 2}, []int64{0, 1}, []string{"first", "second"}
		for name, forward := range map[string]func(*torch.Scope, *text.Batch) *torch.Tensor{"Forward": m.Forward, "Mean": m.Mean} {
			s := rt.Scope(rt.EvalMode())
			forward(s, b)
			if err := s.Close(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", name, err, want)
			}
		}
	}
}
