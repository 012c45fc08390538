package torch_test

import (
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// rms is the root mean square of a-b as a part of b's.
func rms(t *testing.T, s *torch.Scope, a, b *torch.Tensor) float64 {
	t.Helper()
	x, y := s.Floats(s.Cast(a, torch.Float32)), s.Floats(s.Cast(b, torch.Float32))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	if len(x) != len(y) || len(x) == 0 {
		t.Fatalf("%d elements, want %d", len(x), len(y))
	}
	var diff, sum float64
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		diff, sum = diff+d*d, sum+float64(y[i])*float64(y[i])
	}
	return math.Sqrt(diff / sum)
}

// 3×3 convolutions in bfloat16, which take fewer products where the CPU has them,
// are as exact as plain ones: their error against float32 is that of ATen's, and
// half as much again at most. Sizes are odd and even, one pixel and many tasks;
// with pooling, and with a norm.
func TestBFloat16ConvolutionIsExact(t *testing.T) {
	rt := one(t)
	for _, c := range []struct{ in, out, n, h, w int }{
		{64, 64, 2, 56, 56}, {32, 128, 1, 17, 23}, {512, 512, 2, 14, 14}, {128, 64, 3, 7, 7}, {64, 64, 1, 1, 1}, {96, 64, 5, 2, 9},
	} {
		o := torch.Conv2dOptions{In: c.in, Out: c.out, Kernel: 3, Padding: 1, Init: torch.Normal(0, math.Sqrt(2/float64(9*c.in)))}
		_, l, norm := normed(t, rt, o)
		for _, n := range []*torch.BatchNorm2d{nil, norm} {
			s := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
			// As after a ReLU, and exactly in bfloat16.
			x := s.Cast(s.ChannelsLast(s.ReLU(s.Normal_(s.Zeros(torch.Float32, c.n, c.in, c.h, c.w), 0, 1))), torch.BFloat16)
			exact := s.Sub(torch.Mode{})
			want := exact.Return(parts(exact, l, n, exact.Cast(x, torch.Float32), true))
			mustClose(t, exact)
			plain := rms(t, s, parts(s, l, n, x, true), want)
			if e := rms(t, s, l.Fused(s, x, n, true), want); !(e <= 1.5*plain) {
				t.Errorf("%v norm %v: error %.2g, a plain one's is %.2g", c, n != nil, e, plain)
			} else {
				t.Logf("%v norm %v: error %.2g, a plain one's is %.2g", c, n != nil, e, plain)
			}
			if c.h > 1 {
				top := s.MaxPool2d(want, 2, 2, 0)
				if e := rms(t, s, l.FusedPool(s, x, n), top); !(e <= 1.5*plain) {
					t.Errorf("%v norm %v pooled: error %.2g, a plain one's is %.2g", c, n != nil, e, plain)
				}
			}
			mustClose(t, s)
		}
	}
}

// What is no number stays one, through ReLU and pooling.
func TestBFloat16ConvolutionKeepsNaN(t *testing.T) {
	rt := one(t)
	_, l, _ := normed(t, rt, torch.Conv2dOptions{In: 64, Out: 64, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
	s := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
	defer mustClose(t, s)
	host := make([]float32, 64*8*8)
	host[5*8+5] = float32(math.NaN())
	x := s.ChannelsLast(torch.FromSlice(s, host, 1, 64, 8, 8))
	y := s.Floats(s.Cast(l.FusedPool(s, x, nil), torch.Float32)) // [1,64,4,4]
	for k := range 64 {
		if v := y[k*16+2*4+2]; v == v {
			t.Fatalf("channel %d: %g, want NaN", k, v)
		}
	}
}

// The same numbers whatever the number of threads.
func TestBFloat16ConvolutionIsTheSameOnAllThreads(t *testing.T) {
	var first []float32
	for _, threads := range []int{1, 2, 3} {
		rt, err := torch.Open(torch.Options{Threads: threads, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		st := rt.NewStore()
		l, err := torch.NewConv2d(st, "conv", torch.Conv2dOptions{In: 64, Out: 128, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
		if err != nil {
			t.Fatal(err)
		}
		s := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
		x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 3, 64, 33, 31), 0, 1))
		y := s.Floats(s.Cast(l.Fused(s, x, nil, true), torch.Float32))
		mustClose(t, s)
		st.Close()
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = y
		}
		for i := range y {
			if y[i] != first[i] {
				t.Fatalf("%d threads: element %d is %g, with one %g", threads, i, y[i], first[i])
			}
		}
	}
}

// VGG16's convolutions, a step's worth each; GFLOP/s count the products of a
// plain convolution.
func BenchmarkConvolution(b *testing.B) {
	rt := torch.OpenForTest(b, torch.Options{Threads: 2, Seed: 1})
	for _, c := range []struct {
		name        string
		in, out, hw int
	}{
		{"conv1_1", 3, 64, 224}, {"conv1_2", 64, 64, 224}, {"conv2_1", 64, 128, 112}, {"conv2_2", 128, 128, 112}, {"conv3_2", 256, 256, 56}, {"conv4_2", 512, 512, 28}, {"conv5_1", 512, 512, 14},
	} {
		const n = 16
		st := rt.NewStore()
		l, err := torch.NewConv2d(st, "conv", torch.Conv2dOptions{In: c.in, Out: c.out, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
		if err != nil {
			b.Fatal(err)
		}
		outer := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
		x := outer.Cast(outer.ChannelsLast(outer.Normal_(outer.Zeros(torch.Float32, n, c.in, c.hw, c.hw), 0, 1)), torch.BFloat16)
		for name, f := range map[string]func(*torch.Scope) *torch.Tensor{
			"plain": func(s *torch.Scope) *torch.Tensor { return s.ReLU(l.Forward(s, x)) },
			"fused": func(s *torch.Scope) *torch.Tensor { return l.Fused(s, x, nil, true) },
			"pool":  func(s *torch.Scope) *torch.Tensor { return l.FusedPool(s, x, nil) },
		} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					s := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
					f(s)
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
				}
				flop := 18 * float64(n*c.in*c.out*c.hw*c.hw)
				b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		outer.Close()
		st.Close()
	}
}
