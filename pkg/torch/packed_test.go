package torch_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

func sum(ns []int) (total int) {
	for _, n := range ns {
		total += n
	}
	return total
}

// normal is n standard normal numbers.
func normal(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 0))
	v := make([]float64, n)
	for i := range v {
		v[i] = r.NormFloat64()
	}
	return v
}

// packedAttention returns the output and the gradient of qkv, for a fixed
// gradient of the output.
func packedAttention(t *testing.T, rt *torch.Runtime, dtype torch.DType, lengths []int, heads, d int, p float64, qkv, g []float64) (y, gx []float64) {
	t.Helper()
	s := scope(t, rt, torch.Mode{Grad: true, Train: true})
	total := sum(lengths)
	// The type's rounding of the inputs is no fault of the kernel's.
	leaf := given(t, s, s.Cast(torch.FromSlice(s, qkv, total, 3*heads*d), torch.BFloat16))
	x := s.Cast(leaf, dtype)
	up := s.Cast(s.Cast(torch.FromSlice(s, g, total, heads*d), torch.BFloat16), dtype)
	out := s.AttentionPacked(x, lengths, heads, p)
	s.Backward(s.Sum(s.Mul(out, up)))
	y, gx = doubles(s, out), doubles(s, s.Grad(leaf))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return y, gx
}

// given is a float32 parameter with the values of x.
func given(t testing.TB, s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	t.Helper()
	w := weight(t, store(t, s.Runtime()), "x", torch.Constant(0), x.Shape()...)
	sub := s.NoGrad()
	defer mustClose(t, sub)
	sub.Copy_(w, x)
	return w
}

func doubles(s *torch.Scope, x *torch.Tensor) []float64 {
	v := s.Floats(x)
	out := make([]float64, len(v))
	for i := range v {
		out[i] = float64(v[i])
	}
	return out
}

// farthest is the greatest difference, relative to the reference's greatest number.
func farthest(got, want []float64) float64 {
	var diff, most float64
	for i := range want {
		if math.IsNaN(got[i]) {
			return math.NaN()
		}
		diff, most = max(diff, math.Abs(got[i]-want[i])), max(most, math.Abs(want[i]))
	}
	return diff / most
}

// The kernel against ATen's operators in double precision, forward and
// backward, over lengths about the blocks' edges.
func TestAttentionPackedEqualsDouble(t *testing.T) {
	rt := one(t)
	for _, c := range []struct {
		lengths  []int
		heads, d int
	}{
		{[]int{1}, 1, 32},
		{[]int{1, 2, 3, 5, 31, 32, 33}, 2, 32},
		{[]int{63, 64, 65, 127, 1, 129}, 3, 64},
		{[]int{257, 511, 512, 513}, 2, 80},
		{[]int{17, 90}, 2, 5},
	} {
		total := sum(c.lengths)
		qkv, g := normal(1, total*3*c.heads*c.d), normal(2, total*c.heads*c.d)
		y, gx := packedAttention(t, rt, torch.Float64, c.lengths, c.heads, c.d, 0, qkv, g)
		for dtype, tol := range map[torch.DType]float64{torch.Float32: 1e-5, torch.BFloat16: 2e-2} {
			t.Run(fmt.Sprint(c.lengths, c.d, dtype), func(t *testing.T) {
				got, grad := packedAttention(t, rt, dtype, c.lengths, c.heads, c.d, 0, qkv, g)
				if e := farthest(got, y); !(e <= tol) {
					t.Errorf("output is %g off, want at most %g", e, tol)
				}
				if e := farthest(grad, gx); !(e <= tol) {
					t.Errorf("gradient is %g off, want at most %g", e, tol)
				}
			})
		}
	}
}

// One query a text gives what the first row of all its queries gives, forward and
// backward, in each type: in double precision that is ATen's.
func TestAttentionPackedQueryIsTheFirstRow(t *testing.T) {
	const heads, d = 3, 40
	rt := one(t)
	lengths := []int{1, 7, 64, 65, 300, 2}
	total, n, H := sum(lengths), len(lengths), heads*d
	qkv, g := normal(1, total*3*H), normal(2, n*H)
	for dtype, tol := range map[torch.DType]float64{torch.Float64: 1e-12, torch.Float32: 1e-5, torch.BFloat16: 1e-2} {
		t.Run(dtype.String(), func(t *testing.T) {
			s := scope(t, rt, torch.Mode{Grad: true, Train: true})
			var firsts []int64
			for _, l := range lengths[:n-1] {
				if firsts == nil {
					firsts = []int64{0}
				}
				firsts = append(firsts, firsts[len(firsts)-1]+int64(l))
			}
			rows := torch.FromSlice(s, firsts, n)
			up := s.Cast(s.Cast(torch.FromSlice(s, g, n, H), torch.BFloat16), dtype)
			run := func(attend func(x *torch.Tensor) *torch.Tensor) (y, gx []float64) {
				leaf := given(t, s, s.Cast(torch.FromSlice(s, qkv, total, 3*H), torch.BFloat16))
				out := attend(s.Cast(leaf, dtype))
				s.Backward(s.Sum(s.Mul(out, up)))
				return doubles(s, out), doubles(s, s.Grad(leaf))
			}
			wantY, wantG := run(func(x *torch.Tensor) *torch.Tensor {
				return s.IndexSelect(s.AttentionPacked(x, lengths, heads, 0), 0, rows)
			})
			y, gx := run(func(x *torch.Tensor) *torch.Tensor {
				q := s.IndexSelect(s.Narrow(x, 1, 0, H), 0, rows)
				return s.AttentionPackedQuery(q, s.Narrow(x, 1, H, 2*H), lengths, heads, 0)
			})
			if e := farthest(y, wantY); !(e <= tol) {
				t.Errorf("output is %g off", e)
			}
			if e := farthest(gx, wantG); !(e <= tol) {
				t.Errorf("gradient is %g off", e)
			}
			// Dropout leaves the mean, and differs from text to text.
			if dtype != torch.Float32 {
				return
			}
			ones := s.Ones(torch.Float32, total, 2*H)
			var mean float64
			kept := s.Floats(s.AttentionPackedQuery(s.Zeros(torch.Float32, n, H), ones, lengths, heads, 0.25))
			for _, v := range kept[4*H : 5*H] { // of 300 equal weights
				mean += float64(v) / float64(H)
			}
			within(t, "mean under dropout", mean, 1, 5*math.Sqrt(0.25/0.75/300/heads))
			if kept[4*H] == kept[4*H+d] || kept[3*H] == kept[2*H] {
				t.Error("heads or texts share a mask")
			}
		})
	}
}

// With equal scores and values that are unit vectors, the output is the mask.
func TestAttentionPackedMask(t *testing.T) {
	const heads, T, p = 4, 64, 0.1
	rt := one(t)
	x := make([]float64, T*3*heads*T)
	for i := range T {
		for h := range heads {
			x[i*3*heads*T+2*heads*T+h*T+i] = 1
		}
	}
	s := scope(t, rt, torch.Mode{Train: true})
	qkv := s.Cast(torch.FromSlice(s, x, T, 3*heads*T), torch.Float32)
	draw := func() []bool { // [T,heads,T], true where dropped
		var out []bool
		for _, v := range s.Floats(s.AttentionPacked(qkv, []int{T}, heads, p)) {
			if v != 0 {
				within(t, "a kept weight", float64(v), 1/(1-p)/T, 1e-6)
			}
			out = append(out, v == 0)
		}
		return out
	}
	a, b := draw(), draw()
	n := float64(len(a))
	dropped := func(f func(i int) bool) float64 {
		c := 0
		for i := range a {
			if f(i) {
				c++
			}
		}
		return float64(c) / n
	}
	// Five standard deviations of a binomial.
	within(t, "dropped", dropped(func(i int) bool { return a[i] }), p, 5*math.Sqrt(p*(1-p)/n))
	for what, other := range map[string]func(i int) bool{
		"columns": func(i int) bool { return a[(i+1)%len(a)] },
		"heads":   func(i int) bool { return a[(i+T)%len(a)] },
		"rows":    func(i int) bool { return a[(i+heads*T)%len(a)] },
		"steps":   func(i int) bool { return b[i] },
	} {
		within(t, "dropped in two "+what, dropped(func(i int) bool { return a[i] && other(i) }), p*p, 5*math.Sqrt(p*p/n))
	}
}

// The gradient is that of the forward pass's own mask: by finite differences,
// with the generator put back.
func TestAttentionPackedGradientWithDropout(t *testing.T) {
	const heads, d, p = 2, 8, 0.3
	lengths := []int{3, 37}
	rt := one(t)
	total := sum(lengths)
	qkv, g := normal(3, total*3*heads*d), normal(4, total*heads*d)
	for i := range qkv { // what bfloat16 holds exactly, shifts by h too
		qkv[i] = math.Round(qkv[i]*16) / 16
	}
	state, err := rt.RNGState()
	if err != nil {
		t.Fatal(err)
	}
	run := func() (float64, []float64) {
		if err := rt.SetRNGState(state); err != nil {
			t.Fatal(err)
		}
		y, gx := packedAttention(t, rt, torch.Float32, lengths, heads, d, p, qkv, g)
		loss := 0.0
		s := scope(t, rt, torch.Mode{})
		up := doubles(s, s.Cast(torch.FromSlice(s, g, len(g)), torch.BFloat16))
		for i := range y {
			loss += y[i] * up[i]
		}
		return loss, gx
	}
	_, gx := run()
	const h = 1.0 / 64
	for i := 5; i < len(qkv); i += 173 {
		was := qkv[i]
		qkv[i] = was + h
		up, _ := run()
		qkv[i] = was - h
		down, _ := run()
		qkv[i] = was
		within(t, fmt.Sprint("derivative ", i), gx[i], (up-down)/(2*h), 2e-3)
	}
}

// Output and gradient are bit for bit the same on one thread and on three, and
// after the generator's state has come back.
func TestAttentionPackedIsDeterministic(t *testing.T) {
	const heads, d = 3, 32
	lengths := []int{70, 1, 130, 33}
	qkv, g := normal(5, sum(lengths)*3*heads*d), normal(6, sum(lengths)*heads*d)
	var first, firstGrad []float64
	for _, threads := range []int{1, 3} {
		t.Run(fmt.Sprint(threads, " threads"), func(t *testing.T) {
			rt := torch.OpenForTest(t, torch.Options{Threads: threads, Seed: 7})
			state, err := rt.RNGState()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := rt.SetRNGState(state); err != nil {
					t.Fatal(err)
				}
				y, gx := packedAttention(t, rt, torch.BFloat16, lengths, heads, d, 0.1, qkv, g)
				if first == nil {
					first, firstGrad = y, gx
				}
				if !slices.Equal(y, first) || !slices.Equal(gx, firstGrad) {
					t.Errorf("on %d threads the results differ", threads)
				}
			}
		})
	}
}

func TestAttentionPackedRefuses(t *testing.T) {
	rt := one(t)
	for name, f := range map[string]func(s *torch.Scope, x *torch.Tensor){
		"no sequences":   func(s *torch.Scope, x *torch.Tensor) { s.AttentionPacked(x, nil, 1, 0) },
		"empty sequence": func(s *torch.Scope, x *torch.Tensor) { s.AttentionPacked(x, []int{6, 0}, 1, 0) },
		"wrong sum":      func(s *torch.Scope, x *torch.Tensor) { s.AttentionPacked(x, []int{5}, 1, 0) },
		"heads":          func(s *torch.Scope, x *torch.Tensor) { s.AttentionPacked(x, []int{6}, 5, 0) },
	} {
		s := rt.Scope(torch.Mode{})
		f(s, s.Ones(torch.Float32, 6, 12))
		if s.Close() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// One layer of MiniLM's attention, forward and backward: eight texts of 270
// tokens in the mean, composed of ATen's operators over padding, and packed.
func BenchmarkAttention(b *testing.B) {
	const heads, d = 12, 32
	lengths := []int{512, 512, 301, 240, 197, 160, 140, 98}
	rt := torch.OpenForTest(b, torch.Options{Seed: 1})
	for _, dtype := range []torch.DType{torch.BFloat16, torch.Float32} {
		for _, p := range []float64{0.1, 0} {
			b.Run(fmt.Sprintf("packed/%v/dropout=%v", dtype, p), func(b *testing.B) {
				s := rt.Scope(torch.Mode{Grad: true, Train: true})
				defer mustClose(b, s)
				w := given(b, s, torch.FromSlice(s, normal(1, sum(lengths)*3*heads*d), sum(lengths), 3*heads*d))
				for b.Loop() {
					sub := s.Sub(s.Mode())
					x := sub.Cast(w, dtype)
					sub.Backward(sub.Sum(sub.AttentionPacked(x, lengths, heads, p)))
					sub.ZeroGrads([]*torch.Tensor{w})
					mustClose(b, sub)
				}
			})
			b.Run(fmt.Sprintf("padded/%v/dropout=%v", dtype, p), func(b *testing.B) {
				s := rt.Scope(torch.Mode{Grad: true, Train: true})
				defer mustClose(b, s)
				w := given(b, s, torch.FromSlice(s, normal(1, 3*8*heads*512*d), 3, 8, heads, 512, d))
				bits := make([]bool, 8*512)
				for i, n := range lengths {
					for j := range n {
						bits[i*512+j] = true
					}
				}
				mask := torch.FromBool(s, bits, 8, 1, 1, 512)
				for b.Loop() {
					sub := s.Sub(s.Mode())
					x := sub.Cast(w, dtype)
					y := sub.Attention(sub.Select(x, 0, 0), sub.Select(x, 0, 1), sub.Select(x, 0, 2), torch.AttentionOptions{Mask: mask, Dropout: p})
					sub.Backward(sub.Sum(y))
					sub.ZeroGrads([]*torch.Tensor{w})
					mustClose(b, sub)
				}
			})
		}
	}
}
