package torch_test

import (
	"math"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// Whole numbers of 64 bits keep all of them: none goes through a float.
func TestShiftRightRoundsDown(t *testing.T) {
	s := scope(t, one(t), torch.Mode{})
	xs := []int64{0, 1, 4095, 4096, -1, -4096, -4097, 1<<62 + 1<<12, math.MinInt64, math.MaxInt64}
	var want []int64
	for _, x := range xs {
		want = append(want, x>>12)
	}
	y := s.ShiftRight(torch.FromSlice(s, xs, len(xs)), 12)
	if got := s.Ints(y); !slices.Equal(got, want) || y.DType() != torch.Int64 {
		t.Errorf("%v of %s, want %v", got, y.DType(), want)
	}
	y = s.ShiftRight(torch.FromSlice(s, []int32{-9, 1 << 30}, 2), 3)
	if got := s.Ints(y); !slices.Equal(got, []int64{-2, 1 << 27}) || y.DType() != torch.Int32 {
		t.Errorf("%v of %s, want [-2 %d] of int32", got, y.DType(), 1<<27)
	}
}

func TestSelections(t *testing.T) {
	s := scope(t, one(t), torch.Mode{})
	nan := float32(math.NaN())
	x := torch.FromSlice(s, []float32{-2, 0, 3, nan}, 4)
	y := torch.FromSlice(s, []float32{1}, 1)
	// Neighbours beyond 2^53, which float64 does not tell apart.
	a := torch.FromSlice(s, []int64{1<<60 + 1, 1 << 60}, 2, 1)
	b := torch.FromSlice(s, []int64{1 << 60, 1<<60 + 1}, 2)
	bits := func(t *torch.Tensor) *torch.Tensor { return s.Cast(t, torch.Int64) }
	for name, c := range map[string]struct {
		got  *torch.Tensor
		want []int64
	}{
		"minimum": {s.Minimum(a, b), []int64{1 << 60, 1<<60 + 1, 1 << 60, 1 << 60}},
		"maximum": {s.Maximum(a, b), []int64{1<<60 + 1, 1<<60 + 1, 1 << 60, 1<<60 + 1}},
		"eq":      {bits(s.EqTensor(a, b)), []int64{0, 1, 1, 0}},
		"lt":      {bits(s.Lt(x, 0.5)), []int64{1, 1, 0, 0}},
		"where":   {bits(s.Where(s.Lt(x, 1), s.Minimum(x, y), y)), []int64{-2, 0, 1, 1}},
		"bytes":   {s.Where(s.Lt(x, 0), s.Full(7, torch.Uint8, 1), s.Full(255, torch.Uint8, 4)), []int64{7, 255, 255, 255}},
	} {
		if got := s.Ints(c.got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if v := s.Floats(s.Maximum(x, y)); !math.IsNaN(float64(v[3])) {
		t.Errorf("the greater of NaN and 1 is %v, want NaN", v[3])
	}
}
