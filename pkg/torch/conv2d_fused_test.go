package torch_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// conv with a norm whose statistics are not those of a new one.
func normed(t *testing.T, rt *torch.Runtime, o torch.Conv2dOptions) (*torch.Store, *torch.Conv2d, *torch.BatchNorm2d) {
	t.Helper()
	st := store(t, rt)
	l, err := torch.NewConv2d(st, "conv", o)
	if err != nil {
		t.Fatal(err)
	}
	n, err := torch.NewBatchNorm2d(st, "norm", o.Out)
	if err != nil {
		t.Fatal(err)
	}
	s := rt.Scope(torch.Mode{})
	defer mustClose(t, s)
	for _, p := range []*torch.Parameter{n.Weight, n.RunningVar} {
		s.Uniform_(p.T, 0.5, 2)
	}
	for _, p := range []*torch.Parameter{n.Bias, n.RunningMean} {
		s.Normal_(p.T, 0, 1)
	}
	if l.Bias != nil {
		s.Normal_(l.Bias.T, 0, 1)
	}
	return st, l, n
}

// parts is what Fused stands for.
func parts(s *torch.Scope, l *torch.Conv2d, n *torch.BatchNorm2d, x *torch.Tensor, relu bool) *torch.Tensor {
	y := l.Forward(s, x)
	if n != nil {
		y = n.Forward(s, y)
	}
	if relu {
		y = s.ReLU(y)
	}
	return y
}

// apart is the largest difference of two tensors, as a part of b's largest
// element.
func apart(t *testing.T, s *torch.Scope, a, b *torch.Tensor) float64 {
	t.Helper()
	x, y := s.Floats(s.Cast(a, torch.Float32)), s.Floats(s.Cast(b, torch.Float32))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if len(x) != len(y) || len(x) == 0 {
		t.Fatalf("%d elements, want %d", len(x), len(y))
	}
	var diff, top float64
	for i := range x {
		diff = math.Max(diff, math.Abs(float64(x[i])-float64(y[i])))
		top = math.Max(top, math.Abs(float64(y[i])))
	}
	return diff / top
}

// The fused pass gives what its three layers give, for either type, with and
// without each of them, for batches of another size than the weights were laid
// out for.
func TestFusedConvolutionIsItsParts(t *testing.T) {
	rt := one(t)
	for _, o := range []torch.Conv2dOptions{
		{In: 3, Out: 64, Kernel: 3, Padding: 1},
		{In: 32, Out: 48, Kernel: 3, Padding: 1, Stride: 2, NoBias: true},
		{In: 16, Out: 24, Kernel: 1, NoBias: true},
		{In: 3, Out: 16, Kernel: 7, Stride: 2, Padding: 3},
	} {
		o.Init = torch.Normal(0, 1/math.Sqrt(float64(o.In*o.Kernel*o.Kernel)))
		_, l, norm := normed(t, rt, o)
		for dtype, within := range map[torch.DType]float64{torch.Float32: 1e-5, torch.BFloat16: 2e-2} {
			for _, relu := range []bool{true, false} {
				for _, n := range []*torch.BatchNorm2d{nil, norm} {
					for _, N := range []int{2, 5} {
						s := rt.Scope(torch.Mode{Autocast: dtype})
						x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, N, o.In, 14, 18), 0, 1))
						plain := s.Sub(torch.Mode{})
						want := plain.Return(parts(plain, l, n, x, relu))
						mustClose(t, plain)
						if d := apart(t, s, l.Fused(s, x, n, relu), want); !(d <= within) {
							t.Errorf("%+v norm %v relu %v %s: apart by %g", o, n != nil, relu, dtype, d)
						}
						mustClose(t, s)
					}
				}
			}
		}
	}
}

// With what goes around a block, by oneDNN and by a kernel of ours; where a gradient is
// asked of that alone, it gets one; of another shape, ATen says so.
func TestFusedConvolutionAddsWhatGoesAround(t *testing.T) {
	rt := one(t)
	for _, o := range []torch.Conv2dOptions{
		{In: 16, Out: 24, Kernel: 1, NoBias: true},
		{In: 32, Out: 64, Kernel: 3, Padding: 1},
	} {
		o.Init = torch.Normal(0, 1/math.Sqrt(float64(o.In*o.Kernel*o.Kernel)))
		st, l, norm := normed(t, rt, o)
		for dtype, within := range map[torch.DType]float64{torch.Float32: 1e-5, torch.BFloat16: 2e-2} {
			for _, size := range [][2]int{{13, 18}, {1, 1}, {1, 2}, {3, 1}} {
				for _, n := range []*torch.BatchNorm2d{nil, norm} {
					s := rt.Scope(torch.Mode{Autocast: dtype})
					x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 2, o.In, size[0], size[1]), 0, 1))
					around := s.Normal_(s.Zeros(torch.Float32, 2, o.Out, size[0], size[1]), 0, 1)
					want := s.ReLU(s.Add(parts(s, l, n, x, false), around))
					if d := apart(t, s, l.FusedAdd(s, x, n, around), want); !(d <= within) {
						t.Errorf("%+v of %v norm %v %s: apart by %g", o, size, n != nil, dtype, d)
					}
					mustClose(t, s)
				}
			}
		}
		p, err := st.Param("around", torch.Normal(0, 1), 2, o.Out, 13, 18)
		if err != nil {
			t.Fatal(err)
		}
		l.Weight.SetTrainable(false)
		if l.Bias != nil {
			l.Bias.SetTrainable(false)
		}
		s := rt.Scope(torch.Mode{Grad: true})
		x := s.Zeros(torch.Float32, 2, o.In, 13, 18)
		s.Backward(s.Sum(l.FusedAdd(s, x, nil, p.T)))
		if g := s.Grad(p.T); g == nil || !g.Alive() {
			t.Errorf("%+v: no gradient for what goes around", o)
		}
		s.ZeroGrads([]*torch.Tensor{p.T})
		l.FusedAdd(s, s.Zeros(torch.Float32, 2, o.In, 12, 18), nil, p.T)
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), "[2,") {
			t.Errorf("%+v: a sum of different shapes: %v", o, err)
		}
	}
}

// Whatever changes a weight, the packed copy follows: a step of the optimiser, a
// copy from the host, a swap, the statistics of a norm that trains.
func TestFusedConvolutionFollowsItsWeights(t *testing.T) {
	rt := one(t)
	o := torch.Conv2dOptions{In: 8, Out: 16, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.2)}
	st, l, n := normed(t, rt, o)
	other, _, _ := normed(t, rt, o)
	check := func(when string) {
		t.Helper()
		s := rt.Scope(torch.Mode{})
		defer mustClose(t, s)
		x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 2, 8, 10, 10), 0, 1))
		if d := apart(t, s, l.Fused(s, x, n, true), parts(s, l, n, x, true)); !(d <= 1e-5) {
			t.Errorf("%s: apart by %g", when, d)
		}
	}
	check("at first")
	s := rt.Scope(torch.Mode{Grad: true, Train: true})
	x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 4, 8, 10, 10), 1, 3))
	loss := s.Sum(l.Fused(s, x, n, true))
	s.Backward(loss)
	if g := s.Grad(l.Weight.T); g == nil || !g.Alive() {
		t.Error("no gradient where the layer trains")
	}
	mustClose(t, s)
	check("after a norm's statistics moved")
	s = rt.Scope(torch.Mode{})
	s.Normal_(l.Weight.T, 0, 0.3)
	mustClose(t, s)
	check("after a write in place")
	s = rt.Scope(torch.Mode{})
	bytes := make([]byte, 4*16)
	if err := torch.CopyIn(l.Bias.T, bytes, torch.Float32); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	check("after a copy from the host")
	for i := range 3 {
		if err := st.Swap(other); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprint("after swap ", i))
	}
}

// Pooling without indices gives what pooling with them gives, bit for bit, at
// the borders and with NaN too.
func TestMaxPoolWithoutIndices(t *testing.T) {
	rt := one(t)
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		for _, c := range [][3]int{{2, 2, 0}, {3, 2, 1}, {3, 1, 1}, {2, 3, 0}} {
			s := rt.Scope(torch.Mode{Grad: true})
			x := s.Normal_(s.Zeros(torch.Float32, 2, 19, 11, 14), 0, 1)
			v := s.Floats(x)
			v[37], v[500] = float32(math.NaN()), float32(math.Inf(-1))
			x = s.Cast(torch.FromSlice(s, v, 2, 19, 11, 14), dtype)
			// Not laid out channels last: ATen pools it.
			want := s.Floats(s.Cast(s.MaxPool2d(x, c[0], c[1], c[2]), torch.Float32))
			got := s.Floats(s.Cast(s.MaxPool2d(s.ChannelsLast(x), c[0], c[1], c[2]), torch.Float32))
			for i := range want {
				if got[i] != want[i] && (got[i] == got[i] || want[i] == want[i]) { // NaN equals NaN
					t.Errorf("%s %v: element %d is %v, want %v", dtype, c, i, got[i], want[i])
					break
				}
			}
			mustClose(t, s)
		}
	}
}

// Weights that are no numbers are named, or what they make is no number: ReLU does
// not make 0 of it.
func TestFusedConvolutionRefusesNaN(t *testing.T) {
	rt := one(t)
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		for _, spoil := range []string{"conv.weight", "conv.bias", "norm.running_var"} {
			st, l, norm := normed(t, rt, torch.Conv2dOptions{In: 64, Out: 64, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
			s := rt.Scope(torch.Mode{Autocast: dtype})
			for _, p := range st.All() {
				if p.Name == spoil {
					s.MulScalar_(p.T, math.NaN())
				}
			}
			x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 1, 64, 8, 8), 0, 1))
			y := s.Float(s.Sum(s.Cast(l.FusedPool(s, x, norm), torch.Float32)))
			if err := s.Close(); !math.IsNaN(y) && (err == nil || !strings.Contains(err.Error(), "conv.weight")) {
				t.Errorf("%s of NaN, %s: %g, error %v", spoil, dtype, y, err)
			}
		}
	}
}
