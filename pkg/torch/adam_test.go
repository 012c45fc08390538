package torch_test

import (
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

type goldenAdam struct {
	In          arrays  `json:"in"`
	X           array   `json:"x"`
	Labels      array   `json:"labels"`
	LR          float64 `json:"lr"`
	Eps         float64 `json:"eps"`
	WeightDecay float64 `json:"weight_decay"`
	Decoupled   bool    `json:"decoupled"`
	Losses      array   `json:"losses"`
	After       arrays  `json:"after"`
	M           arrays  `json:"m"`
	V           arrays  `json:"v"`
}

// moments are an optimiser's state for parameters of those shapes.
func moments(t testing.TB, st *torch.Store, ps []*torch.Tensor) (m, v, steps []*torch.Tensor) {
	t.Helper()
	buffer := func(shape ...int) *torch.Tensor {
		p, err := st.Buffer(string(rune('a'+len(st.All()))), torch.Float32, zero, shape...)
		if err != nil {
			t.Fatal(err)
		}
		return p.T
	}
	for _, p := range ps {
		m, v, steps = append(m, buffer(p.Shape()...)), append(v, buffer(p.Shape()...)), append(steps, buffer())
	}
	return m, v, steps
}

// Ten steps against torch.optim's loops over single tensors, not its own fused
// kernel. Ten divisions by a square root of small numbers: four bits more than
// an operator loses.
func TestFusedAdamAgreesWithPyTorch(t *testing.T) {
	const tol = 2e-5
	rt := one(t)
	for name, g := range readGoldens(t).Adam {
		t.Run(name, func(t *testing.T) {
			st, state := rt.NewStoreFrom(g.In.source), rt.NewStore()
			defer st.Close()
			defer state.Close()
			ps := []*torch.Tensor{weight(t, st, "w", zero, g.In["w"].Shape...), weight(t, st, "b", zero, g.In["b"].Shape...)}
			m, v, steps := moments(t, state, ps)
			o := torch.AdamStep{LR: g.LR, Beta1: 0.9, Beta2: 0.999, Eps: g.Eps, WeightDecay: g.WeightDecay, Decoupled: g.Decoupled}
			var losses []float32
			for range 10 {
				s := rt.Scope(torch.Mode{Grad: true})
				loss := s.CrossEntropy(s.Add(s.MatMul(g.X.tensor(s), ps[0]), ps[1]), g.Labels.tensor(s))
				s.ZeroGrads(ps)
				s.Backward(loss)
				s.FusedAdam(o, ps, m, v, steps)
				losses = append(losses, float32(s.Float(loss)))
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			nearSlice(t, "losses", losses, g.Losses.Data, tol)
			s := scope(t, rt, torch.Mode{})
			for i, name := range []string{"w", "b"} {
				near(t, name, ps[i], s, g.After[name], tol)
				near(t, "first moment of "+name, m[i], s, g.M[name], tol)
				near(t, "second moment of "+name, v[i], s, g.V[name], tol)
				if n := s.Float(steps[i]); n != 10 {
					t.Errorf("%v steps of %s counted, want 10", n, name)
				}
			}
		})
	}
}

// A parameter without a gradient stays bit for bit, and so does its state: with
// weight decay, with moments of its own, among others that move.
func TestFusedAdamLeavesFrozenParametersAlone(t *testing.T) {
	rt := one(t)
	st, state := store(t, rt), store(t, rt)
	w := weight(t, st, "w", torch.Normal(0, 1), 5)
	frozen := weight(t, st, "frozen", torch.Normal(0, 1), 5)
	ps := []*torch.Tensor{frozen, w}
	m, v, steps := moments(t, state, ps)
	o := torch.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1, Decoupled: true}
	step := func() {
		s := rt.Scope(torch.Mode{Grad: true})
		s.ZeroGrads(ps)
		s.Backward(s.Sum(s.Mul(s.Mul(w, w), frozen)))
		s.FusedAdam(o, ps, m, v, steps)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	read := func(ts ...*torch.Tensor) (out [][]float32) {
		s := rt.Scope(torch.Mode{})
		defer s.Close()
		for _, t := range ts {
			out = append(out, s.Floats(t))
		}
		return out
	}
	step() // both move, so that the state is not zero
	if err := st.Get("frozen").SetTrainable(false); err != nil {
		t.Fatal(err)
	}
	before, moving := read(frozen, m[0], v[0], steps[0]), read(w)
	step()
	for i, was := range before {
		if now := read(frozen, m[0], v[0], steps[0])[i]; !slices.Equal(now, was) {
			t.Errorf("%s changed from %v to %v", []string{"the parameter", "its first moment", "its second moment", "its step count"}[i], was, now)
		}
	}
	if slices.Equal(read(w)[0], moving[0]) {
		t.Error("the trainable parameter did not move")
	}
}

// The kernel walks its arrays by bare pointers: what does not fit must be
// refused before, not written past the end.
// The gradient of a 1×1 kernel has the strides of a channels-last input, though
// its numbers lie as the kernel's do: the step must take it, and be the same as
// for an input that lies the other way.
func TestFusedAdamTakesChannelsLastGradients(t *testing.T) {
	rt := one(t)
	in := arrays{"l.weight": {Shape: []int{4, 3, 1, 1}}}
	for i := range 12 {
		in["l.weight"] = array{Shape: in["l.weight"].Shape, Data: append(in["l.weight"].Data, float32(i%5)-2)}
	}
	pixels := make([]float32, 2*3*2*2)
	for i := range pixels {
		pixels[i] = float32(i%7) - 3
	}
	step := func(last bool) []float32 {
		st, state := rt.NewStoreFrom(in.source), rt.NewStore()
		defer st.Close()
		defer state.Close()
		conv := layer[*torch.Conv2d](t)(torch.NewConv2d(st, "l", torch.Conv2dOptions{In: 3, Out: 4, Kernel: 1, Stride: 2, NoBias: true}))
		ps := []*torch.Tensor{conv.Weight.T}
		m, v, steps := moments(t, state, ps)
		s := rt.Scope(torch.Mode{Grad: true})
		x := torch.FromSlice(s, pixels, 2, 3, 2, 2)
		if last {
			x = s.ChannelsLast(x)
		}
		y := conv.Forward(s, x)
		s.Backward(s.Sum(s.Mul(y, y)))
		s.FusedAdam(torch.AdamStep{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, ps, m, v, steps)
		out := s.Floats(ps[0])
		if err := s.Close(); err != nil {
			t.Fatalf("channels last %v: %v", last, err)
		}
		return out
	}
	if first, last := step(false), step(true); !slices.Equal(first, last) {
		t.Errorf("kernel after a step: %v, channels last %v", first, last)
	}
}

func TestFusedAdamRefusesStateThatDoesNotFit(t *testing.T) {
	rt := one(t)
	st := store(t, rt)
	w := weight(t, st, "w", torch.Constant(1), 4, 4)
	zeros := func(s *torch.Scope, shape ...int) []*torch.Tensor {
		return []*torch.Tensor{s.Zeros(torch.Float32, shape...)}
	}
	for name, state := range map[string]func(s *torch.Scope) (m, v, steps []*torch.Tensor){
		"first moment too small":  func(s *torch.Scope) (m, v, n []*torch.Tensor) { return zeros(s, 1), zeros(s, 4, 4), zeros(s) },
		"second moment too small": func(s *torch.Scope) (m, v, n []*torch.Tensor) { return zeros(s, 4, 4), zeros(s, 4), zeros(s) },
		"moment of another type": func(s *torch.Scope) (m, v, n []*torch.Tensor) {
			return []*torch.Tensor{s.Zeros(torch.BFloat16, 4, 4)}, zeros(s, 4, 4), zeros(s)
		},
		"moment in another layout": func(s *torch.Scope) (m, v, n []*torch.Tensor) {
			return []*torch.Tensor{s.Transpose(s.Zeros(torch.Float32, 4, 4), 0, 1)}, zeros(s, 4, 4), zeros(s)
		},
		"several step counts": func(s *torch.Scope) (m, v, n []*torch.Tensor) { return zeros(s, 4, 4), zeros(s, 4, 4), zeros(s, 2) },
		"whole step counts": func(s *torch.Scope) (m, v, n []*torch.Tensor) {
			return zeros(s, 4, 4), zeros(s, 4, 4), []*torch.Tensor{s.Zeros(torch.Int64)}
		},
		"no moments":    func(s *torch.Scope) (m, v, n []*torch.Tensor) { return nil, nil, nil },
		"nil moment":    func(s *torch.Scope) (m, v, n []*torch.Tensor) { return []*torch.Tensor{nil}, zeros(s, 4, 4), zeros(s) },
		"no step count": func(s *torch.Scope) (m, v, n []*torch.Tensor) { return zeros(s, 4, 4), zeros(s, 4, 4), nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := rt.Scope(torch.Mode{Grad: true})
			defer s.Close()
			s.Backward(s.Sum(w))
			m, v, steps := state(s)
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			s.FusedAdam(torch.AdamStep{LR: 1}, []*torch.Tensor{w}, m, v, steps)
			if s.Err() == nil {
				t.Error("no error")
			}
			values := make([]float32, 16)
			if err := torch.CopyOut(values, w); err != nil {
				t.Fatal(err)
			}
			for _, x := range values {
				if x != 1 {
					t.Fatalf("the parameter was changed: %v", values)
				}
			}
		})
	}
}
