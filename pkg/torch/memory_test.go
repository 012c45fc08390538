package torch_test

import (
	"errors"
	"runtime/debug"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
	"github.com/gotune/gotune/pkg/torch"
)

// growth is what the process may grow by. The smallest leak, a string or a
// handle of 32 bytes, reaches it after 65,000 operations.
const growth = 2 << 20

// flat runs f n times after a tenth of that as warm-up, and fails where memory
// grew, or more tensors are alive than before.
func flat(t *testing.T, rt *torch.Runtime, n int, f func()) {
	t.Helper()
	for range n/10 + 1 {
		f()
	}
	before, live := settled(t, rt), rt.Live()
	for range n {
		f()
	}
	if grown := settled(t, rt) - before; grown > growth {
		t.Errorf("memory grew by %d KiB in %d rounds", grown>>10, n)
	}
	if rt.Live() != live {
		t.Errorf("%d tensors alive, %d before", rt.Live(), live)
	}
}

// settled is resident after both heaps gave back what they have free.
func settled(t *testing.T, rt *torch.Runtime) int {
	t.Helper()
	debug.FreeOSMemory()
	rt.Trim()
	return sharedtest.Resident(t)
}

func rounds(full int) int {
	if testing.Short() {
		return full / 8
	}
	return full
}

// A million operations of all kinds: results by gotch and by the shim, views,
// operators in place, scalars, lists, gradients, modes.
func TestMillionOperationsKeepMemoryFlat(t *testing.T) {
	rt := one(t)
	const perScope = 100
	n := rounds(10_000)
	flat(t, rt, n, func() {
		s := rt.Scope(torch.Mode{Grad: true})
		x := s.Ones(torch.Float32, 2, 4)
		for range perScope / 10 {
			y := s.Add(s.ReLU(x), x)
			y = s.MulScalar_(s.Add_(y, x), 0.5)
			y = s.Lerp_(s.Copy_(y, x), x, 0.1)
			y = s.Fill_(s.Reshape(y, 4, 2), 1)
			s.Softmax(y, 1)
			s.AddScalar(x, 1)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// What costs more than a view or an element: 100,000 of each, so that a leak of
// one string shows.
func TestCostlierOperationsKeepMemoryFlat(t *testing.T) {
	rt := one(t)
	n := rounds(700)
	flat(t, rt, n, func() {
		s := rt.Scope(torch.Mode{Grad: true, Train: true})
		x := torch.FromSlice(s, []float32{1, 2, 3, 4}, 2, 2)
		labels := torch.FromSlice(s, []int64{0, 1}, 2)
		for range 100 {
			y := s.Cat([]*torch.Tensor{s.GELUTanh(x), s.Dropout(x, 0.5)}, 1)
			y = s.Permute(s.Narrow(y, 1, 0, 2), 1, 0)
			s.CrossEntropy(s.Contiguous(y), labels)
			s.Floats(y)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestTrainingStepsKeepMemoryFlat(t *testing.T) {
	rt := one(t)
	n := rounds(8000)
	st, state := rt.NewStore(), rt.NewStore()
	l := layer[*torch.Linear](t)(torch.NewLinear(st, "l", 4, 3, torch.KaimingUniform(4), zero))
	ps := []*torch.Tensor{l.Weight.T, l.Bias.T}
	m, v, steps := moments(t, state, ps)
	flat(t, rt, n, func() {
		s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: torch.BFloat16})
		x := torch.FromSlice(s, []float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)
		s.Backward(s.CrossEntropy(l.Forward(s, x), torch.FromSlice(s, []int64{0, 2}, 2)))
		s.ClipGradNorm(ps, 1)
		s.FusedAdam(torch.AdamStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, ps, m, v, steps)
		s.ZeroGrads(ps)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	st.Close()
	state.Close()
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive after the stores closed", rt.Live())
	}
}

// An error's message is C memory in both conventions, gotch's and the shim's.
func TestErrorsKeepMemoryFlat(t *testing.T) {
	rt := one(t)
	for name, fail := range map[string]func(s *torch.Scope, x, y *torch.Tensor){
		"gotch":    func(s *torch.Scope, x, y *torch.Tensor) { s.MatMul(x, y) },
		"shim":     func(s *torch.Scope, x, _ *torch.Tensor) { s.Reshape(x, 7) },
		"in place": func(s *torch.Scope, x, y *torch.Tensor) { s.Add_(x, y) },
	} {
		t.Run(name, func(t *testing.T) {
			flat(t, rt, rounds(20_000), func() {
				s := rt.Scope(torch.Mode{})
				fail(s, s.Ones(torch.Float32, 2, 3), s.Ones(torch.Float32, 2, 2))
				var op *torch.OpError
				if err := s.Close(); !errors.As(err, &op) {
					t.Fatalf("got %v, want an *OpError", err)
				}
			})
		})
	}
}

func TestScopesKeepMemoryFlat(t *testing.T) {
	rt := one(t)
	flat(t, rt, rounds(66_000), func() {
		s := rt.Scope(torch.Mode{Grad: true})
		sub := s.Sub(torch.Mode{Autocast: torch.BFloat16})
		sub.NoGrad() // closed by its parent
		x := sub.Return(sub.Zeros(torch.Float32))
		s.AddScalar(x, 1)
		if err := s.Close(); err == nil {
			t.Fatal("a scope used with one within it open, in another mode, gave no error")
		}
	})
}
