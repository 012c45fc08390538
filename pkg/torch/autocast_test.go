package torch_test

import (
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

func TestAutocastLinear(t *testing.T) {
	rt := torch.OpenForTest(t, torch.Options{Threads: 1, Autocast: torch.BFloat16})
	st := store(t, rt)
	l := layer[*torch.Linear](t)(torch.NewLinear(st, "l", 3, 2, torch.Constant(0.5), zero))
	s := scope(t, rt, rt.TrainMode())
	x := torch.FromSlice(s, []float32{1, 2, 3}, 1, 3)
	y := l.Forward(s, x)
	if got := y.DType(); got != torch.BFloat16 {
		t.Errorf("the result is %v, want bfloat16", got)
	}
	loss := s.CrossEntropy(y, torch.FromSlice(s, []int64{1}, 1))
	if got := loss.DType(); got != torch.Float32 {
		t.Errorf("the loss is %v, want float32", got)
	}
	s.Backward(loss)
	g := s.Grad(l.Weight.T)
	if got := g.DType(); got != torch.Float32 {
		t.Errorf("the weight's gradient is %v, want float32", got)
	}
	// softmax is 1/2 each, so the gradient is ±x/2, exact in bfloat16.
	nearSlice(t, "gradient", s.Floats(g), []float32{0.5, 1, 1.5, -0.5, -1, -1.5}, 0)

	plain := s.Sub(torch.Mode{})
	if got := l.Forward(plain, x).DType(); got != torch.Float32 {
		t.Errorf("outside autocast the result is %v, want float32", got)
	}
	mustClose(t, plain)
	if got := l.Forward(s, x).DType(); got != torch.BFloat16 {
		t.Errorf("after a plain scope within, the result is %v, want bfloat16", got)
	}
}

// libtorch keeps the casts of weights while autocast is on. One made without
// gradients must not serve the scope around it.
func TestCastInNoGradKeepsTheGradientOutside(t *testing.T) {
	rt := torch.OpenForTest(t, torch.Options{Threads: 1, Autocast: torch.BFloat16})
	st := store(t, rt)
	l := layer[*torch.Linear](t)(torch.NewLinear(st, "l", 3, 2, torch.Constant(0.5), zero))
	s := scope(t, rt, rt.TrainMode())
	x := s.Ones(torch.Float32, 1, 3)
	n := s.NoGrad()
	l.Forward(n, x)
	mustClose(t, n)
	s.Backward(s.Sum(s.Cast(l.Forward(s, x), torch.Float32)))
	if !s.HasGrad(l.Weight.T) {
		t.Error("the weight has no gradient")
	}
}

// Nor may a cast outlive a change of its weight, whoever changes it.
func TestChangedWeightsAreCastAnew(t *testing.T) {
	rt := torch.OpenForTest(t, torch.Options{Threads: 1, Autocast: torch.BFloat16})
	for name, change := range map[string]func(s *torch.Scope, w *torch.Tensor){
		"in place": func(s *torch.Scope, w *torch.Tensor) {
			n := s.NoGrad()
			defer n.Close()
			n.Fill_(w, 2)
		},
		"copied from the host": func(_ *torch.Scope, w *torch.Tensor) {
			if err := torch.CopyIn(w, bytesOf([]float32{2, 2, 2, 2}), torch.Float32); err != nil {
				t.Error(err)
			}
		},
		"optimiser": func(s *torch.Scope, w *torch.Tensor) {
			zeros := func(shape ...int) []*torch.Tensor { return []*torch.Tensor{s.Zeros(torch.Float32, shape...)} }
			s.Backward(s.Sum(w))
			// The first step of Adam is the learning rate, against the gradient's sign.
			s.FusedAdam(torch.AdamStep{LR: -1, Beta1: 0.9, Beta2: 0.999}, []*torch.Tensor{w}, zeros(2, 2), zeros(2, 2), zeros())
			s.ZeroGrads([]*torch.Tensor{w})
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := store(t, rt)
			w := weight(t, st, "w", torch.Constant(1), 2, 2)
			s := rt.Scope(rt.TrainMode())
			defer mustClose(t, s)
			x := s.Ones(torch.Float32, 1, 2)
			if got := s.Floats(s.MatMul(x, w)); !slices.Equal(got, []float32{2, 2}) {
				t.Fatalf("before: %v, want 2s", got)
			}
			change(s, w)
			if got := s.Floats(s.MatMul(x, w)); !slices.Equal(got, []float32{4, 4}) {
				t.Errorf("after: %v, want 4s", got)
			}
		})
	}
}
