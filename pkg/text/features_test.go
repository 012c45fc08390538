package text_test

import (
	"testing"

	"github.com/gotune/gotune/pkg/text"
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
