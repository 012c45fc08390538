package torch_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// Eight goroutines that each want libtorch: each gets its own results and its
// own errors. libtorch keeps the last error per thread, so that a goroutine that
// moved between the call and the question would read another's, or none.
func TestGoroutinesGetTheirOwnErrors(t *testing.T) {
	rt := one(t)
	n := 300
	if testing.Short() {
		n = 50
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range n {
				rows := g*n + i + 3 // no two calls have the same shapes
				if err := failOnce(rt, rows); err != nil {
					t.Errorf("goroutine %d, round %d: %v", g, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}

// failOnce makes one right sum and one wrong product, by gotch or by the shim in
// turn, and says what is wrong with their results.
func failOnce(rt *torch.Runtime, rows int) error {
	s := rt.Scope(torch.Mode{Grad: rows%2 == 0})
	defer s.Close()
	x := s.Ones(torch.Float32, rows, 2)
	if sum := s.Float(s.Sum(x)); sum != float64(2*rows) {
		return fmt.Errorf("the sum of %v ones is %v", x, sum)
	}
	want := fmt.Sprintf("matmul([%d,2] float32, [%d,2] float32): mat1 and mat2 shapes cannot be multiplied (%dx2 and %dx2)", rows, rows, rows, rows)
	if rows%3 == 0 {
		s.Reshape(x, rows, 7)
		want = fmt.Sprintf("reshape[%d,7]([%d,2] float32): shape '[%d, 7]' is invalid for input of size %d", rows, rows, rows, 2*rows)
	} else {
		s.MatMul(x, x)
	}
	var op *torch.OpError
	if err := s.Close(); !errors.As(err, &op) || !strings.HasPrefix(err.Error(), want) {
		return fmt.Errorf("got %w, want %s", err, want)
	}
	return nil
}

// Training in eight places at once gives what training in one place does.
func TestGoroutinesTrainSideBySide(t *testing.T) {
	rt := one(t)
	train := func(seed float64) []float32 {
		st := rt.NewStore()
		defer st.Close()
		l, err := torch.NewLinear(st, "l", 4, 3, torch.Constant(seed), zero)
		if err != nil {
			t.Error(err)
			return nil
		}
		for i := range 40 {
			s := rt.Scope(torch.Mode{Grad: true, Train: true})
			x := torch.FromSlice(s, []float32{1, 2, float32(i), 4}, 1, 4)
			s.Backward(s.CrossEntropy(l.Forward(s, x), torch.FromSlice(s, []int64{int64(i % 3)}, 1)))
			n := s.NoGrad()
			n.Add_(l.Weight.T, n.MulScalar(n.Grad(l.Weight.T), -0.01))
			mustClose(t, n)
			s.ZeroGrads([]*torch.Tensor{l.Weight.T, l.Bias.T})
			mustClose(t, s)
		}
		out := make([]float32, 12)
		if err := torch.CopyOut(out, l.Weight.T); err != nil {
			t.Error(err)
		}
		return out
	}
	var want [8][]float32
	for g := range want {
		want[g] = train(float64(g))
	}
	var wg sync.WaitGroup
	for g := range want {
		wg.Go(func() { nearSlice(t, fmt.Sprintf("weights of goroutine %d", g), train(float64(g)), want[g], 0) })
	}
	wg.Wait()
}

// Opening, closing and counting from many goroutines.
func TestOwnersOfManyGoroutines(t *testing.T) {
	rt := one(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				st := rt.NewStore()
				s := rt.Scope(torch.Mode{})
				s.NoGrad().Ones(torch.Float32, 2)
				mustClose(t, s)
				st.Close()
				_ = rt.Live()
			}
		})
	}
	wg.Wait()
	if rt.Live() != 0 {
		t.Errorf("%d tensors alive", rt.Live())
	}
}

// A runtime closed while scopes come and go sees each of them or refuses it.
func TestCloseWhileScopesOpen(t *testing.T) {
	for range 20 {
		rt, err := torch.Open(torch.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		torch.Track(rt)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					s := rt.Scope(torch.Mode{})
					s.Ones(torch.Float32, 2)
					if err := s.Close(); err != nil && !errors.Is(err, torch.ErrClosed) {
						t.Error(err)
					}
				}
			})
		}
		_ = rt.Close() // may find scopes open
		wg.Wait()
		if rt.Live() != 0 {
			t.Fatalf("%d tensors alive", rt.Live())
		}
	}
}
