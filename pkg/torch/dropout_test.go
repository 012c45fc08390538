package torch_test

import (
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// The kernel's mask keeps 1-p of the elements, scales them by 1/(1-p), differs
// from call to call, is the backward pass's too, and does not depend on the
// number of threads.
func TestDropoutKernel(t *testing.T) {
	rt := opened(t)
	st := rt.NewStore()
	defer st.Close()
	const n = 300_000 // several blocks
	x := param(t, st, "x", torch.Constant(1), n)
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		for _, p := range []float64{0.1, 0.5} {
			s := rt.Scope(torch.Mode{Grad: true, Train: true})
			y := s.Dropout(s.Cast(x.T, dtype), p)
			z := s.Dropout(s.Cast(x.T, dtype), p)
			s.Backward(s.Sum(s.Mul(y, y)))
			a, b, g := s.Floats(y), s.Floats(z), s.Floats(s.Grad(x.T))
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			kept, both := 0, 0
			for i := range a {
				if a[i] != 0 {
					kept++
					if math.Abs(float64(a[i])-1/(1-p)) > 0.01 {
						t.Fatalf("a kept element is %g, want %g", a[i], 1/(1-p))
					}
				}
				if a[i] != 0 && b[i] != 0 {
					both++
				}
				// d(y²)/dx = 2y·mask/(1-p), and 0 where dropped.
				if want := 2 * float64(a[i]) / (1 - p); math.Abs(float64(g[i])-want) > 0.02*want {
					t.Fatalf("gradient %g at %d, want %g", g[i], i, want)
				}
			}
			// Five standard deviations of a binomial.
			within(t, "kept", float64(kept)/n, 1-p, 5*math.Sqrt(p*(1-p)/n))
			within(t, "kept by two masks", float64(both)/n, (1-p)*(1-p), 5*math.Sqrt(p/n))
			neighbours := 0
			for i := 1; i < n; i++ {
				if a[i] == 0 && a[i-1] == 0 {
					neighbours++
				}
			}
			within(t, "neighbours dropped together", float64(neighbours)/n, p*p, 5*math.Sqrt(p*p/n))
			s.ZeroGrads([]*torch.Tensor{x.T})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func within(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.Abs(got-want) > tol {
		t.Errorf("%s: %g, want %g ± %g", what, got, want, tol)
	}
}

// Attention with dropout is, on average over masks, attention without, and its
// gradient is that of its own mask: checked by a finite difference with the
// generator put back.
func TestAttentionWithDropout(t *testing.T) {
	const N, H, T, d = 2, 3, 5, 4
	rt := opened(t)
	st := rt.NewStore()
	defer st.Close()
	s := rt.Scope(torch.Mode{Grad: true, Train: true})
	defer mustClose(t, s)
	fill := func(seed float64) *torch.Tensor {
		v := make([]float64, N*H*T*d)
		for i := range v {
			v[i] = math.Sin(seed + 1.7*float64(i))
		}
		return s.Cast(torch.FromSlice(s, v, N, H, T, d), torch.Float32)
	}
	q, k, v := fill(1), fill(2), fill(3)
	scale := param(t, st, "scale", torch.Constant(1), 1)
	mask := torch.FromBool(s, []bool{true, true, true, true, true, true, true, true, false, false}, N, 1, 1, T)
	plain := s.Floats(s.Attention(q, k, v, torch.AttentionOptions{Mask: mask}))
	mean := make([]float64, len(plain))
	const runs = 3000
	for range runs {
		sub := s.Sub(torch.Mode{Train: true})
		for i, y := range sub.Floats(sub.Attention(q, k, v, torch.AttentionOptions{Mask: mask, Dropout: 0.2})) {
			mean[i] += float64(y) / runs
		}
		if err := sub.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range plain {
		within(t, "mean of attention with dropout", mean[i], float64(plain[i]), 0.06)
	}
	state, err := rt.RNGState()
	if err != nil {
		t.Fatal(err)
	}
	loss := func(shift float64) *torch.Tensor {
		if err := rt.SetRNGState(state); err != nil {
			t.Fatal(err)
		}
		y := s.Attention(s.Mul(q, s.AddScalar(scale.T, shift)), k, v, torch.AttentionOptions{Mask: mask, Dropout: 0.2})
		return s.Sum(s.Mul(y, y))
	}
	s.Backward(loss(0))
	grad := float64(s.Floats(s.Grad(scale.T))[0])
	const h = 1e-2
	numeric := (s.Float(loss(h)) - s.Float(loss(-h))) / (2 * h)
	within(t, "derivative", grad, numeric, 0.02*math.Abs(numeric)+1e-3)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// opened opens libtorch for one test.
func opened(t *testing.T) *torch.Runtime {
	t.Helper()
	rt, err := torch.Open(torch.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}
