package torch_test

import (
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

type goldenBatchNorm struct {
	In    arrays  `json:"in"`
	X     []array `json:"x"`
	Y     []array `json:"y"`
	Dy    array   `json:"dy"`
	Grad  arrays  `json:"grad"`
	Stats arrays  `json:"stats"`
}

// Two batches in a training scope, whose running statistics the third, in an
// evaluation scope, is normalised by.
func TestBatchNormAgreesWithPyTorch(t *testing.T) {
	g := readGoldens(t).BatchNorm
	rt := one(t)
	st := rt.NewStoreFrom(g.In.source)
	defer st.Close()
	l := layer[*torch.BatchNorm2d](t)(torch.NewBatchNorm2d(st, "l", 3))

	train := scope(t, rt, torch.Mode{Grad: true, Train: true})
	for i := range 2 {
		y := l.Forward(train, g.X[i].tensor(train))
		near(t, "training output", y, train, g.Y[i], opTolerance)
		if i == 1 {
			train.Backward(train.Sum(train.Mul(y, g.Dy.tensor(train))))
		}
	}
	for name, want := range g.Grad {
		near(t, "gradient of "+name, train.Grad(st.Get(name).T), train, want, opTolerance)
	}
	eval := train.Sub(torch.Mode{})
	near(t, "evaluation output", l.Forward(eval, g.X[2].tensor(eval)), eval, g.Y[2], opTolerance)
	for name, want := range g.Stats {
		got := st.Get(name).T
		if want.Ints != nil {
			if n := eval.Ints(got); !slices.Equal(n, want.Ints) {
				t.Errorf("%s is %v, want %v", name, n, want.Ints)
			}
			continue
		}
		near(t, name, got, eval, want, opTolerance)
	}
}

// A frozen batch norm keeps its statistics, in a training scope too.
func TestFrozenBatchNormKeepsItsStatistics(t *testing.T) {
	g := readGoldens(t).BatchNorm
	rt := one(t)
	st := rt.NewStoreFrom(g.In.source)
	defer st.Close()
	l := layer[*torch.BatchNorm2d](t)(torch.NewBatchNorm2d(st, "l", 3))
	for _, p := range st.Parameters() {
		if err := p.SetTrainable(false); err != nil {
			t.Fatal(err)
		}
	}
	train := scope(t, rt, torch.Mode{Grad: true, Train: true})
	eval := scope(t, rt, torch.Mode{})
	x := g.X[0].tensor(train)
	a, b := train.Floats(l.Forward(train, x)), eval.Floats(l.Forward(eval, x))
	if !slices.Equal(a, b) {
		t.Error("a frozen batch norm differs between a training and an evaluation scope")
	}
	if m := train.Floats(l.RunningMean.T); !slices.Equal(m, []float32{0, 0, 0}) {
		t.Errorf("running mean moved to %v", m)
	}
	if n := train.Ints(l.NumBatchesTracked.T); n[0] != 0 {
		t.Errorf("%d batches tracked, want 0", n[0])
	}
}

type goldenClip struct {
	In      arrays `json:"in"`
	Norm    array  `json:"norm"`
	ByNorm  arrays `json:"by_norm"`
	ByValue arrays `json:"by_value"`
}

func TestClippingAgreesWithPyTorch(t *testing.T) {
	g := readGoldens(t).Clip
	rt := one(t)
	for name, clip := range map[string]struct {
		want arrays
		do   func(s *torch.Scope, ps []*torch.Tensor)
	}{
		"by norm": {g.ByNorm, func(s *torch.Scope, ps []*torch.Tensor) {
			near(t, "norm before", s.ClipGradNorm(ps, 1.5), s, g.Norm, opTolerance)
		}},
		"by value": {g.ByValue, func(s *torch.Scope, ps []*torch.Tensor) { s.ClipGradValue(ps, 0.75) }},
	} {
		t.Run(name, func(t *testing.T) {
			st := rt.NewStoreFrom(g.In.source)
			defer st.Close()
			s := scope(t, rt, torch.Mode{Grad: true})
			a := weight(t, st, "a", zero, g.In["a"].Shape...)
			b := weight(t, st, "b", zero, g.In["b"].Shape...)
			frozen := weight(t, st, "frozen", torch.Constant(1e9), 2) // has no gradient: not in the norm
			s.Backward(s.Add(s.Sum(s.Mul(a, a)), s.Sum(s.Mul(b, b))))
			ps := []*torch.Tensor{a, frozen, b}
			measured := s.Float(s.ClipGradNorm(ps, 0))
			clip.do(s, ps)
			near(t, "gradient of a", s.Grad(a), s, clip.want["a"], opTolerance)
			near(t, "gradient of b", s.Grad(b), s, clip.want["b"], opTolerance)
			nearSlice(t, "measured norm", []float32{float32(measured)}, g.Norm.Data, opTolerance)
			if s.HasGrad(frozen) {
				t.Error("clipping made a gradient")
			}
		})
	}
}
