package torch_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// difference is the root mean square of a-b as a part of b's.
func difference(a, b []float32) float64 {
	if len(a) != len(b) || len(a) == 0 {
		return math.NaN()
	}
	var diff, sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		diff, sum = diff+d*d, sum+float64(b[i])*float64(b[i])
	}
	return math.Sqrt(diff / sum)
}

func rms(t *testing.T, s *torch.Scope, a, b *torch.Tensor) float64 {
	t.Helper()
	x, y := s.Floats(s.Cast(a, torch.Float32)), s.Floats(s.Cast(b, torch.Float32))
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return difference(x, y)
}

var shapes3x3 = []struct{ in, out, n, h, w int }{
	{64, 64, 2, 56, 56},
	{32, 128, 1, 17, 23},
	{512, 512, 2, 14, 14},
	{128, 64, 3, 7, 7},
	{64, 64, 1, 1, 1},
	{96, 64, 5, 2, 9},
	{64, 64, 2, 6, 6},
	{32, 64, 3, 4, 2},
	{64, 96, 1, 10, 18},
	{64, 64, 1, 73, 224},
	{512, 64, 1, 30, 70},
	{256, 256, 10, 14, 14},
	{64, 64, 1, 4, 4200},
	{3, 64, 2, 34, 50},
	{3, 32, 1, 7, 5},
	{3, 64, 3, 5, 3},
}

// 3×3 convolutions in bfloat16 by kernels of ours are as exact as plain ones: their
// error against float32 is that of ATen's, and half as much again at most. Sizes are
// odd and even, one pixel and many tasks, rows of one tile, of two that overlap and two
// in one; three channels too; with pooling, and with a norm.
func TestBFloat16ConvolutionIsExact(t *testing.T) {
	rt := one(t)
	for _, c := range shapes3x3 {
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

// 3×3 convolutions in float32 by a kernel of ours differ from ATen's by some roundings:
// with pooling, with a norm, and with what goes around a block. Where all are ATen's they
// do not differ at all.
func TestFloat32ConvolutionIsExact(t *testing.T) {
	const within = 4e-6
	rt := one(t)
	for _, c := range shapes3x3 {
		o := torch.Conv2dOptions{In: c.in, Out: c.out, Kernel: 3, Padding: 1, Init: torch.Normal(0, math.Sqrt(2/float64(9*c.in)))}
		_, l, norm := normed(t, rt, o)
		for _, n := range []*torch.BatchNorm2d{nil, norm} {
			s := rt.Scope(torch.Mode{})
			x := s.ChannelsLast(s.ReLU(s.Normal_(s.Zeros(torch.Float32, c.n, c.in, c.h, c.w), 0, 1)))
			around := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, c.n, c.out, c.h, c.w), 0, 1))
			linear := parts(s, l, n, x, false)
			want := s.ReLU(linear)
			check := func(what string, got, want *torch.Tensor) {
				if e := rms(t, s, got, want); !(e <= within) {
					t.Errorf("%v norm %v %s: differs by %.2g", c, n != nil, what, e)
				}
			}
			plain := l.Fused(s, x, n, false)
			check("plain", plain, linear)
			if ours := floatsInRegister() >= 8 && c.in%32 == 0 && c.out%64 == 0; ours && c.h*c.w > 100 && n == nil && rms(t, s, plain, linear) == 0 {
				t.Errorf("%v: not by the kernel", c)
			}
			check("with ReLU", l.Fused(s, x, n, true), want)
			check("with a sum", l.FusedAdd(s, x, n, around), s.ReLU(s.Add(linear, around)))
			if c.h > 1 {
				check("pooled", l.FusedPool(s, x, n), s.MaxPool2d(want, 2, 2, 0))
			}
			mustClose(t, s)
		}
	}
}

// Two in one pass are the two of them, bit for bit: of pictures of many strips and of
// one, of rows too short for it, with norms, pooling, where gradients are recorded, and
// of other kernels.
func TestFusedPairIsTheTwo(t *testing.T) {
	rt := one(t)
	conv := func(in, out, kernel int) (*torch.Conv2d, *torch.BatchNorm2d) {
		_, l, norm := normed(t, rt, torch.Conv2dOptions{In: in, Out: out, Kernel: kernel, Padding: 1, Init: torch.Normal(0, 0.2)})
		return l, norm
	}
	first, firstNorm := conv(3, 64, 3)
	for _, c := range []struct {
		in, out, kernel int
		n, h, w         int
	}{
		{3, 64, 3, 2, 60, 224},
		{3, 32, 3, 3, 33, 37},
		{3, 64, 3, 1, 10, 8},
		{3, 64, 3, 2, 6, 4},
		{3, 128, 3, 20, 12, 12},
		{64, 64, 3, 1, 9, 9},
		{3, 64, 5, 1, 14, 14},
		{3, 33, 3, 1, 14, 14},
	} {
		l, norm := first, firstNorm
		if c.in != 3 {
			l, norm = conv(c.in, 64, 3)
		}
		next, nextNorm := conv(64, c.out, c.kernel)
		for _, mode := range []torch.Mode{{Autocast: torch.BFloat16}, {}, {Autocast: torch.BFloat16, Grad: true}} {
			for i := range 4 {
				n, m, pool := norm, nextNorm, i%2 == 1
				if i >= 2 {
					n, m = nil, nil
				}
				s := rt.Scope(mode)
				x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, c.n, c.in, c.h, c.w), 0, 1))
				want := next.Fused(s, l.Fused(s, x, n, true), m, true)
				if pool {
					want = s.MaxPool2d(want, 2, 2, 0)
				}
				got := l.FusedPair(s, x, n, next, m, pool)
				if e := rms(t, s, got, want); e != 0 {
					t.Errorf("%v %v norm %v pool %v: differs by %g", c, mode, n != nil, pool, e)
				}
				mustClose(t, s)
			}
		}
	}
}

// A wrong number of channels is told as a single layer tells it.
func TestFusedPairMisfits(t *testing.T) {
	rt := one(t)
	_, l, _ := normed(t, rt, torch.Conv2dOptions{In: 3, Out: 64, Kernel: 3, Padding: 1, Init: torch.Normal(0, 1)})
	s := rt.Scope(torch.Mode{Autocast: torch.BFloat16})
	defer s.Close()
	l.FusedPair(s, s.Zeros(torch.Float32, 1, 3, 16, 16), nil, l, nil, true)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "channels") {
		t.Errorf("error %v, want one about channels", err)
	}
}

// sameOnAllThreads runs a 3×3 convolution of in to out channels on 1, 2 and 3 threads,
// from the same seed, and compares what run returns.
func sameOnAllThreads(t *testing.T, in, out int, mode torch.Mode, run func(s *torch.Scope, st *torch.Store, l *torch.Conv2d) []float32) {
	t.Helper()
	var first []float32
	for _, threads := range []int{1, 2, 3} {
		rt, err := torch.Open(torch.Options{Threads: threads, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		st := rt.NewStore()
		l, err := torch.NewConv2d(st, "conv", torch.Conv2dOptions{In: in, Out: out, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
		if err != nil {
			t.Fatal(err)
		}
		s := rt.Scope(mode)
		got := run(s, st, l)
		mustClose(t, s)
		st.Close()
		if err := rt.Close(); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		for i := range got {
			if got[i] != first[i] {
				t.Fatalf("%d threads: element %d is %g, with one %g", threads, i, got[i], first[i])
			}
		}
	}
}

// The same numbers whatever the number of threads.
func TestBFloat16ConvolutionIsTheSameOnAllThreads(t *testing.T) {
	sameConvolutions(t, torch.BFloat16)
}

func TestFloat32ConvolutionIsTheSameOnAllThreads(t *testing.T) {
	sameConvolutions(t, torch.Float32)
}

func sameConvolutions(t *testing.T, dtype torch.DType) {
	t.Helper()
	for _, out := range []int{128, 512} {
		// The smaller ones are cut into as many tasks as there are threads.
		for _, shape := range [][]int{{3, 64, 33, 31}, {1, 64, 14, 14}} {
			sameOnAllThreads(t, 64, out, torch.Mode{Autocast: dtype}, func(s *torch.Scope, _ *torch.Store, l *torch.Conv2d) []float32 {
				x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, shape...), 0, 1))
				return s.Floats(s.Cast(l.Fused(s, x, nil, true), torch.Float32))
			})
		}
	}
}

func TestFusedPairIsTheSameOnAllThreads(t *testing.T) {
	sameOnAllThreads(t, 3, 64, torch.Mode{Autocast: torch.BFloat16}, func(s *torch.Scope, st *torch.Store, l *torch.Conv2d) []float32 {
		next, err := torch.NewConv2d(st, "next", torch.Conv2dOptions{In: 64, Out: 64, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
		if err != nil {
			t.Fatal(err)
		}
		x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, 3, 3, 40, 224), 0, 1))
		return s.Floats(s.Cast(l.FusedPair(s, x, nil, next, nil, true), torch.Float32))
	})
}

// The same gradients, whatever the number of threads: those of the first of two by the
// weights rest on that of the second by its input.
func TestBFloat16GradientsAreTheSameOnAllThreads(t *testing.T) {
	sameGradients(t, torch.BFloat16)
}

func TestFloat32ConvolutionGradientsAreTheSameOnAllThreads(t *testing.T) {
	if floatsInRegister() < 8 {
		t.Skip("they are oneDNN's here, which do not promise it")
	}
	sameGradients(t, torch.Float32)
}

func sameGradients(t *testing.T, dtype torch.DType) {
	t.Helper()
	mode := torch.Mode{Grad: true, Train: true, Autocast: dtype}
	for _, pictures := range []int{9, 1} {
		sameOnAllThreads(t, 256, 256, mode, func(s *torch.Scope, _ *torch.Store, l *torch.Conv2d) []float32 {
			x := s.ChannelsLast(s.Normal_(s.Zeros(torch.Float32, pictures, 256, 14, 14), 0, 1))
			s.Backward(s.Sum(s.Cast(l.Fused(s, l.Fused(s, x, nil, true), nil, true), torch.Float32)))
			return s.Floats(s.Grad(l.Weight.T))
		})
	}
}

// Where a gradient is asked, what is no number stays one through ReLU: a run that
// diverges is seen to.
func TestBFloat16ConvolutionKeepsNaN(t *testing.T) { keepsNaN(t, torch.BFloat16) }

func TestFloat32ConvolutionKeepsNaN(t *testing.T) { keepsNaN(t, torch.Float32) }

func keepsNaN(t *testing.T, dtype torch.DType) {
	t.Helper()
	rt := one(t)
	for _, channels := range []int{64, 256} {
		_, l, _ := normed(t, rt, torch.Conv2dOptions{In: channels, Out: channels, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
		s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: dtype})
		host := make([]float32, channels*8*8)
		host[5*8+5] = float32(math.NaN())
		x := s.ChannelsLast(torch.FromSlice(s, host, 1, channels, 8, 8))
		y := s.Floats(s.Cast(l.Fused(s, x, nil, true), torch.Float32)) // [1,channels,8,8]
		for k := range channels {
			if v := y[k*64+4*8+4]; v == v {
				t.Fatalf("%d channels, channel %d: %g, want NaN", channels, k, v)
			}
		}
		mustClose(t, s)
	}
}

// Where the largest of each 2×2 is taken in the same pass, NaN is larger than any number.
func TestFloat32ConvolutionPoolsNaN(t *testing.T) {
	rt := one(t)
	_, l, _ := normed(t, rt, torch.Conv2dOptions{In: 64, Out: 64, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.1)})
	for at := range 4 { // the 4 of one 2×2
		s := rt.Scope(torch.Mode{})
		host := make([]float32, 64*8*8)
		host[(2+at/2)*8+4+at%2] = float32(math.NaN())
		x := s.ChannelsLast(torch.FromSlice(s, host, 1, 64, 8, 8))
		// oneDNN's ReLU makes 0 of NaN: elsewhere there is nothing to see.
		if y := s.Floats(l.FusedPool(s, x, nil)); floatsInRegister() >= 8 { // [1,64,4,4]
			for k := range 64 {
				if v := y[k*16+1*4+2]; v == v {
					t.Fatalf("channel %d: %g, want NaN", k, v)
				}
			}
		}
		mustClose(t, s)
	}
}

// VGG16's convolutions, a step's worth each; GFLOP/s count the products of a
// plain convolution.
func BenchmarkConvolution(b *testing.B) { convolutions(b, torch.BFloat16) }

func BenchmarkFloat32Convolution(b *testing.B) { convolutions(b, torch.Float32) }

func convolutions(b *testing.B, dtype torch.DType) {
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
		outer := rt.Scope(torch.Mode{})
		x := outer.Cast(outer.ChannelsLast(outer.Normal_(outer.Zeros(torch.Float32, n, c.in, c.hw, c.hw), 0, 1)), dtype)
		for name, f := range map[string]func(*torch.Scope) *torch.Tensor{
			"plain": func(s *torch.Scope) *torch.Tensor { return s.ReLU(l.Forward(s, x)) },
			"fused": func(s *torch.Scope) *torch.Tensor { return l.Fused(s, x, nil, true) },
			"pool":  func(s *torch.Scope) *torch.Tensor { return l.FusedPool(s, x, nil) },
		} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					s := rt.Scope(torch.Mode{Autocast: dtype})
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

// VGG16's last block, and one with more pixels than channels: forward, and all
// gradients.
func BenchmarkConvolutionGradients(b *testing.B) { convolutionGradients(b, torch.BFloat16) }

func BenchmarkFloat32ConvolutionGradients(b *testing.B) { convolutionGradients(b, torch.Float32) }

func convolutionGradients(b *testing.B, dtype torch.DType) {
	rt := torch.OpenForTest(b, torch.Options{Threads: 2, Seed: 1})
	for _, c := range []struct {
		name         string
		channels, hw int
	}{{"conv3_2", 256, 56}, {"conv5_2", 512, 14}} {
		const n = 32
		st := rt.NewStore()
		l, err := torch.NewConv2d(st, "conv", torch.Conv2dOptions{In: c.channels, Out: c.channels, Kernel: 3, Padding: 1, Init: torch.Normal(0, 0.02)})
		if err != nil {
			b.Fatal(err)
		}
		image, err := st.Param("image", torch.Normal(0, 1), n, c.channels, c.hw, c.hw)
		if err != nil {
			b.Fatal(err)
		}
		for name, f := range map[string]func(*torch.Scope, *torch.Tensor) *torch.Tensor{
			"plain": func(s *torch.Scope, x *torch.Tensor) *torch.Tensor { return l.Forward(s, x) },
			"fused": func(s *torch.Scope, x *torch.Tensor) *torch.Tensor { return l.Fused(s, x, nil, false) },
		} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: dtype})
					x := s.Cast(s.ChannelsLast(image.T), dtype)
					s.Backward(s.Sum(f(s, x)))
					s.ZeroGrads([]*torch.Tensor{image.T, l.Weight.T, l.Bias.T})
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
				}
				flop := 3 * 18 * float64(n*c.channels*c.channels*c.hw*c.hw)
				b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		st.Close()
	}
}

// With gradients: result, and gradients by input, weight and bias, are as exact as
// ATen's in bfloat16, with ReLU, and with a norm that trains. Behind a ReLU most of
// the error is that of signs which rounding turned. In float32 they differ from ATen's by
// some roundings.
func TestBFloat16AndFloat32ConvolutionGradients(t *testing.T) {
	rt := one(t)
	there := torch.CPUBFloat16() != ""
	for _, c := range []struct{ in, out, n, h, w int }{{64, 128, 2, 14, 14}, {128, 64, 3, 7, 9}, {64, 64, 1, 1, 1}, {64, 64, 3, 130, 128}, {256, 256, 2, 14, 14}, {256, 512, 3, 7, 9}, {512, 128, 1, 5, 16}, {256, 256, 1, 1, 1}, {256, 256, 140, 14, 14}, {64, 96, 2, 9, 11}, {128, 128, 2, 56, 57}, {64, 32, 2, 3, 5}} {
		o := torch.Conv2dOptions{In: c.in, Out: c.out, Kernel: 3, Padding: 1, Init: torch.Normal(0, math.Sqrt(2/float64(9*c.in)))}
		st, l, norm := normed(t, rt, o)
		image, err := st.Param("image", torch.Normal(0, 1), c.n, c.in, c.h, c.w)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []struct {
			norm   *torch.BatchNorm2d
			relu   bool
			within float64 // times ATen's error
		}{{nil, false, 1.7}, {nil, true, 2}, {norm, true, 2}} {
			n := v.norm
			outer := rt.Scope(torch.Mode{})
			weights := outer.Floats(outer.Normal_(outer.Zeros(torch.Float32, c.n, c.out, c.h, c.w), 0, 1))
			mustClose(t, outer)
			// run returns the result and the gradients by input, weight and bias.
			run := func(dtype torch.DType, forward func(*torch.Scope, *torch.Tensor) *torch.Tensor) [][]float32 {
				s := rt.Scope(torch.Mode{Grad: true, Train: true, Autocast: dtype})
				defer mustClose(t, s)
				y := s.Cast(forward(s, s.ChannelsLast(image.T)), torch.Float32)
				s.Backward(s.Sum(s.Mul(y, torch.FromSlice(s, weights, c.n, c.out, c.h, c.w))))
				var out [][]float32
				for _, v := range []*torch.Tensor{y, s.Grad(image.T), s.Grad(l.Weight.T), s.Grad(l.Bias.T)} {
					out = append(out, s.Floats(s.Cast(v, torch.Float32)))
				}
				s.ZeroGrads([]*torch.Tensor{image.T, l.Weight.T, l.Bias.T, norm.Weight.T, norm.Bias.T})
				return out
			}
			ours := func(s *torch.Scope, x *torch.Tensor) *torch.Tensor { return l.Fused(s, x, n, v.relu) }
			plain := func(s *torch.Scope, x *torch.Tensor) *torch.Tensor { return parts(s, l, n, x, v.relu) }
			want, single := run(torch.Float32, plain), run(torch.Float32, ours)
			var got, atens [][]float32
			if there { // elsewhere both are ATen's
				got, atens = run(torch.BFloat16, ours), run(torch.BFloat16, plain)
			}
			for i, what := range []string{"result", "gradient by the input", "by the weight", "by the bias"} {
				if i == 3 && n != nil {
					continue // the norm takes the mean away, and what is left is rounding
				}
				within := 1e-5
				if v.relu && i > 0 {
					within = 3e-3 // one sign in 100,000
				}
				if e := difference(single[i], want[i]); !(e <= within) {
					t.Errorf("%v norm %v relu %v: %s in float32 differs from ATen's by %.2g", c, n != nil, v.relu, what, e)
				}
				if !there {
					continue
				}
				e, p := difference(got[i], want[i]), difference(atens[i], want[i])
				if v.relu && i > 0 && c.n*c.h*c.w <= 100 {
					p = max(p, 0.03) // of few numbers ATen's may turn hardly a sign
				}
				t.Logf("%v norm %v relu %v: %s: error %.2g, ATen's is %.2g", c, n != nil, v.relu, what, e, p)
				if !(e <= v.within*p) {
					t.Errorf("%v norm %v relu %v: %s: error %.2g, ATen's is %.2g", c, n != nil, v.relu, what, e, p)
				}
			}
		}
	}
}
