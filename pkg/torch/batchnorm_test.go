package torch_test

import (
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// A training batch of one value a channel leaves the running statistics as they
// are: it has no variance.
func TestBatchNormOfOneValue(t *testing.T) {
	rt := one(t)
	st := rt.NewStore()
	defer st.Close()
	l, err := torch.NewBatchNorm2d(st, "norm", 2)
	if err != nil {
		t.Fatal(err)
	}
	s := rt.Scope(torch.Mode{Grad: true, Train: true})
	y := s.Floats(l.Forward(s, torch.FromSlice(s, []float32{3, -2}, 1, 2, 1, 1)))
	mean, variance := s.Floats(l.RunningMean.T), s.Floats(l.RunningVar.T)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for c, want := range []float32{3, -2} {
		if mean[c] != 0 || variance[c] != 1 || math.Abs(float64(y[c]-want)) > 1e-4 { // 1/√(1+eps)
			t.Errorf("channel %d: %g, want %g; mean %g, variance %g", c, y[c], want, mean[c], variance[c])
		}
	}
}
