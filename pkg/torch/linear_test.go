package torch_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// linears returns layers of the given widths, with weights and biases that are
// bfloat16's numbers: their rounding is no fault of a kernel's.
func linears(t testing.TB, rt *torch.Runtime, in int, outs ...int) []*torch.Linear {
	t.Helper()
	st := store(t, rt)
	var ls []*torch.Linear
	for i, out := range outs {
		l, err := torch.NewLinear(st, fmt.Sprint("l", i), in, out, torch.Normal(0, 1/math.Sqrt(float64(in))), torch.Normal(0, 0.3))
		if err != nil {
			t.Fatal(err)
		}
		s := rt.Scope(torch.Mode{})
		for _, p := range []*torch.Parameter{l.Weight, l.Bias} {
			s.Copy_(p.T, s.Cast(p.T, torch.BFloat16))
		}
		mustClose(t, s)
		ls = append(ls, l)
	}
	return ls
}

// linearRun is what linears give for an input and a gradient of their output.
type linearRun struct{ y, gx, gw, gb []float64 }

// runLinears runs layers in bfloat16, or in double precision by ATen's operators.
func runLinears(t *testing.T, rt *torch.Runtime, ls []*torch.Linear, a torch.Activation, double bool, x, g []float64, shape ...int) linearRun {
	t.Helper()
	mode := torch.Mode{Grad: true, Train: true, Autocast: torch.BFloat16}
	if double {
		mode.Autocast = torch.Float32
	}
	s := scope(t, rt, mode)
	leaf := given(t, s, s.Cast(torch.FromSlice(s, x, shape...), torch.BFloat16))
	var out *torch.Tensor
	if double {
		var ws, bs []*torch.Tensor
		for _, l := range ls {
			ws, bs = append(ws, s.Cast(l.Weight.T, torch.Float64)), append(bs, s.Cast(l.Bias.T, torch.Float64))
		}
		out = s.Linear(s.Cast(leaf, torch.Float64), s.Cat(ws, 0), s.Cat(bs, 0))
		switch a {
		case torch.ReLU:
			out = s.ReLU(out)
		case torch.GELU:
			out = s.GELU(out)
		case torch.GELUTanh:
			out = s.GELUTanh(out)
		}
	} else {
		out = s.Linears(leaf, a, ls...)
		if out.DType() != torch.BFloat16 {
			t.Fatalf("%s, want bfloat16", out.DType())
		}
	}
	up := s.Cast(s.Cast(torch.FromSlice(s, g, out.Shape()...), torch.BFloat16), out.DType())
	s.Backward(s.Sum(s.Mul(out, up)))
	r := linearRun{y: doubles(s, out), gx: doubles(s, s.Grad(leaf))}
	for _, l := range ls {
		r.gw, r.gb = append(r.gw, doubles(s, s.Grad(l.Weight.T))...), append(r.gb, doubles(s, s.Grad(l.Bias.T))...)
		s.ZeroGrads([]*torch.Tensor{l.Weight.T, l.Bias.T})
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

// The kernel against ATen's operators in double precision, for rows about the
// blocks' edges, one map and several, with less to transpose on either side. The
// fewest rows go to ATen's bfloat16.
func TestLinearsEqualDouble(t *testing.T) {
	rt := one(t)
	for _, c := range []struct {
		shape []int
		outs  []int
		a     torch.Activation
	}{
		{[]int{64, 64}, []int{64}, torch.NoActivation},
		{[]int{65, 96}, []int{32}, torch.GELU},
		{[]int{129, 128}, []int{64, 128, 192}, torch.NoActivation},
		{[]int{127, 64}, []int{96, 32, 64}, torch.ReLU},
		{[]int{2, 300, 384}, []int{1536}, torch.GELU},
		{[]int{577, 256}, []int{64}, torch.GELUTanh},
		{[]int{63, 64}, []int{64, 64}, torch.GELU},
	} {
		t.Run(fmt.Sprint(c.shape, c.outs, c.a), func(t *testing.T) {
			rows, in := 1, c.shape[len(c.shape)-1]
			for _, d := range c.shape[:len(c.shape)-1] {
				rows *= d
			}
			ls := linears(t, rt, in, c.outs...)
			x, g := normal(1, rows*in), normal(2, rows*sum(c.outs))
			want := runLinears(t, rt, ls, c.a, true, x, g, c.shape...)
			got := runLinears(t, rt, ls, c.a, false, x, g, c.shape...)
			for what, pair := range map[string][2][]float64{
				"output": {got.y, want.y}, "gradient of x": {got.gx, want.gx},
				"gradient of weights": {got.gw, want.gw}, "gradient of biases": {got.gb, want.gb},
			} {
				if e := farthest(pair[0], pair[1]); !(e <= 1e-2) {
					t.Errorf("%s is %g off", what, e)
				}
			}
			// Without a gradient the same, from weights laid out once.
			s := scope(t, rt, torch.Mode{Autocast: torch.BFloat16})
			for range 2 {
				if y := doubles(s, s.Linears(torch.FromSlice(s, rounded(s, x), c.shape...), c.a, ls...)); !slices.Equal(y, got.y) {
					t.Errorf("without a gradient: %g off", farthest(y, got.y))
				}
			}
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// rounded is x as bfloat16's numbers.
func rounded(s *torch.Scope, x []float64) []float32 {
	return s.Floats(s.Cast(torch.FromSlice(s, x, len(x)), torch.BFloat16))
}

// Whatever changes a weight, what is kept of it follows; and what is frozen gets no
// gradient.
func TestLinearsFollowTheirWeights(t *testing.T) {
	rt := one(t)
	ls := linears(t, rt, 64, 64, 64)
	s := scope(t, rt, torch.Mode{Autocast: torch.BFloat16})
	x := torch.FromSlice(s, rounded(s, normal(1, 64*64)), 64, 64)
	before := s.Floats(s.Linears(x, torch.NoActivation, ls...))
	s.MulScalar_(ls[1].Weight.T, 2)
	s.MulScalar_(ls[1].Bias.T, 2)
	after := s.Floats(s.Linears(x, torch.NoActivation, ls...))
	for i := range before {
		want := before[i]
		if i%128 >= 64 {
			want *= 2
		}
		if after[i] != want {
			t.Fatalf("element %d: %g, want %g", i, after[i], want)
		}
	}
	if err := ls[0].Weight.SetTrainable(false); err != nil {
		t.Fatal(err)
	}
	sub := s.Sub(torch.Mode{Grad: true, Train: true, Autocast: torch.BFloat16})
	sub.Backward(sub.Sum(sub.Linears(x, torch.NoActivation, ls...)))
	if sub.HasGrad(ls[0].Weight.T) || !sub.HasGrad(ls[1].Weight.T) || !sub.HasGrad(ls[0].Bias.T) {
		t.Error("a gradient where none is asked, or none where one is")
	}
	mustClose(t, sub)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}

// One thread and several give the same numbers.
func TestLinearsOnAnyThreads(t *testing.T) {
	var first linearRun
	for _, threads := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(threads, " threads"), func(t *testing.T) {
			rt := torch.OpenForTest(t, torch.Options{Seed: 3, Threads: threads})
			ls := linears(t, rt, 128, 192, 64)
			r := runLinears(t, rt, ls, torch.GELU, false, normal(1, 333*128), normal(2, 333*256), 333, 128)
			if first.y == nil {
				first = r
			}
			if !slices.Equal(r.y, first.y) || !slices.Equal(r.gx, first.gx) || !slices.Equal(r.gw, first.gw) || !slices.Equal(r.gb, first.gb) {
				t.Errorf("other numbers than on 1 thread")
			}
		})
	}
}

// A feed-forward layer of MiniLM over 2,164 tokens, forward and backward.
func BenchmarkLinears(b *testing.B) {
	rt, err := torch.Open(torch.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	ls := linears(b, rt, 384, 1536)
	for _, kernel := range []bool{true, false} {
		b.Run(fmt.Sprintf("kernel=%v", kernel), func(b *testing.B) {
			s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: torch.BFloat16})
			defer mustClose(b, s)
			x := given(b, s, torch.FromSlice(s, normal(1, sum(reviews)*384), sum(reviews), 384))
			for b.Loop() {
				sub := s.Sub(s.Mode())
				var y *torch.Tensor
				if kernel {
					y = sub.Linears(x, torch.GELU, ls...)
				} else {
					y = sub.GELU(sub.Linear(x, ls[0].Weight.T, ls[0].Bias.T))
				}
				sub.Backward(sub.Sum(y))
				if err := sub.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
