package train_test

import (
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Weights are averaged; buffers are those of the last step, as AveragedModel has
// them unless told otherwise.
func TestEMACopiesBuffers(t *testing.T) {
	st := rt.NewStore()
	defer st.Close()
	w, err := st.Param("norm.weight", torch.Constant(1), 2)
	if err != nil {
		t.Fatal(err)
	}
	mean, err := st.Buffer("norm.running_mean", torch.Float32, torch.Constant(0), 2)
	if err != nil {
		t.Fatal(err)
	}
	ema, err := train.NewEMA(rt, st, 0.75)
	if err != nil {
		t.Fatal(err)
	}
	defer ema.Close()
	for step := range 3 {
		s := rt.Scope(torch.Mode{})
		s.Fill_(w.T, float64(1+4*step))
		s.Fill_(mean.T, float64(10*step))
		ema.Update(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := rt.Scope(torch.Mode{})
	defer s.Close()
	for i, want := range [][]float32{{3.75, 3.75}, {20, 20}} { // 1, then 1+(5-1)/4 = 2, then 2+(9-2)/4
		if got := s.Floats(ema.Store().All()[i].T); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", ema.Store().All()[i].Name, got, want)
		}
	}
}
