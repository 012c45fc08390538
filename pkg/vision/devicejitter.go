package vision

import (
	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// jitter is pixels.Jitter.Apply of n pictures x, [n,S,S,3] of Uint8.
//
// Each has its own order of steps. So each of the four turns takes together those
// that come to the same step, a quarter of them where all steps are asked for.
func (p *sources) jitter(s *torch.Scope, x *torch.Tensor, from, n int) *torch.Tensor {
	for turn := range 4 {
		var members [pixels.JitterNothing + 1][]int64
		var amounts [pixels.JitterNothing + 1][]float32
		for i, one := range p.each[from : from+n] {
			step, amount := one.params.Jitter.Step(turn)
			members[step], amounts[step] = append(members[step], int64(i)), append(amounts[step], amount)
		}
		if len(members[pixels.JitterNothing]) == n {
			continue
		}
		var parts []*torch.Tensor
		back := make([]int64, n) // where each has gone
		gone := 0
		for step, is := range members {
			if len(is) == 0 {
				continue
			}
			parts = append(parts, s.Block(func(s *torch.Scope) *torch.Tensor {
				part := s.IndexSelect(x, 0, torch.FromSlice(s, is, len(is)))
				return recolor(s, part, pixels.JitterStep(step), amounts[step])
			}))
			for k, i := range is {
				back[i] = int64(gone + k)
			}
			gone += len(is)
		}
		x = s.IndexSelect(s.Cat(parts, 0), 0, torch.FromSlice(s, back, n))
	}
	return x
}

// recolor takes one step with x, [m,S,S,3] of Uint8, by so much each.
func recolor(s *torch.Scope, x *torch.Tensor, step pixels.JitterStep, amounts []float32) *torch.Tensor {
	if step == pixels.JitterNothing {
		return x
	}
	x = s.Cast(x, torch.Float32)
	var c [3]*torch.Tensor // [m,S,S,1]
	for i := range c {
		c[i] = s.Narrow(x, 3, i, 1)
	}
	switch step {
	case pixels.JitterBrightness:
		return blend(s, x, s.Zeros(torch.Float32, 1), amounts)
	case pixels.JitterContrast:
		return blend(s, x, meanGray(s, c), amounts)
	case pixels.JitterSaturation:
		return blend(s, x, gray(s, c), amounts)
	}
	return turnHue(s, c, amounts)
}

// perPicture is a number for each of m pictures, [m,1,1,1].
func perPicture(s *torch.Scope, v []float32) *torch.Tensor {
	return torch.FromSlice(s, v, len(v), 1, 1, 1)
}

// blend moves x away from toward by factors, rounded down to bytes.
func blend(s *torch.Scope, x, toward *torch.Tensor, factors []float32) *torch.Tensor {
	rest := make([]float32, len(factors))
	for i, f := range factors {
		rest[i] = 1 - f
	}
	return clampDown(s, s.Add(s.Mul(perPicture(s, factors), x), s.Mul(perPicture(s, rest), toward)))
}

// gray is the luminance of ITU-R BT.601, rounded down.
func gray(s *torch.Scope, c [3]*torch.Tensor) *torch.Tensor {
	sum := s.Add(s.Add(s.MulScalar(c[0], 0.2989), s.MulScalar(c[1], 0.587)), s.MulScalar(c[2], 0.114))
	return s.Cast(s.Cast(sum, torch.Uint8), torch.Float32)
}

// meanGray is each picture's, [m,1,1,1]. The sum is of whole numbers, and so in
// no order.
func meanGray(s *torch.Scope, c [3]*torch.Tensor) *torch.Tensor {
	g := s.Cast(gray(s, c), torch.Int64)
	if s.Err() != nil {
		return g // it has no shape
	}
	shape := g.Shape()
	area := torch.FromSlice(s, []float64{float64(shape[1] * shape[2])}, 1)
	mean := s.Div(s.Cast(s.SumDims(g, 1, 2, 3), torch.Float64), area)
	return s.Reshape(s.Cast(mean, torch.Float32), shape[0], 1, 1, 1)
}

// turnHue goes round the colour wheel.
func turnHue(s *torch.Scope, c [3]*torch.Tensor, turns []float32) *torch.Tensor {
	// Numbers to divide by are tensors: a GPU divides by a scalar with a product.
	number := func(v float32) *torch.Tensor { return torch.FromSlice(s, []float32{v}, 1) }
	zero := number(0)
	for i := range c {
		c[i] = s.Div(c[i], number(255))
	}
	r, g, b := c[0], c[1], c[2]
	v := s.Maximum(s.Maximum(r, g), b)
	spread := s.Subtract(v, s.Minimum(s.Minimum(r, g), b))
	toward := func(x, y *torch.Tensor, from float64) *torch.Tensor {
		return s.AddScalar(s.Div(s.Subtract(x, y), spread), from)
	}
	h := s.Where(s.EqTensor(v, r), toward(g, b, 0), s.Where(s.EqTensor(v, g), toward(b, r, 2), toward(r, g, 4)))
	h = s.Div(h, number(6))
	h = s.Where(s.Lt(h, 0), s.AddScalar(h, 1), h)
	without := s.Eq(spread, 0) // a gray has no hue
	h = s.Where(without, zero, h)
	saturation := s.Where(without, zero, s.Div(spread, v))
	h = s.Add(h, perPicture(s, turns))
	h = s.Where(s.Lt(h, 0), s.AddScalar(h, 1), s.Where(s.Lt(h, 1), h, s.AddScalar(h, -1)))
	return clampDown(s, s.MulScalar(rgb(s, h, saturation, v), 255.999))
}

// rgb returns the colours [m,S,S,3] of hue in turns, saturation and value, each
// [m,S,S,1], all 0 to 1.
func rgb(s *torch.Scope, h, saturation, v *torch.Tensor) *torch.Tensor {
	h = s.MulScalar(h, 6)
	sector := s.Cast(s.Cast(h, torch.Int64), torch.Float32)
	f := s.Subtract(h, sector)
	less := func(x *torch.Tensor) *torch.Tensor { return s.AddScalar(s.Neg(x), 1) } // 1-x
	p := s.Mul(v, less(saturation))
	q := s.Mul(v, less(s.Mul(saturation, f)))
	t := s.Mul(v, less(s.Mul(saturation, less(f))))
	var is [5]*torch.Tensor
	for i := range is {
		is[i] = s.Eq(sector, float64(i))
	}
	is[0] = s.Where(s.Lt(sector, 6), is[0], s.Eq(sector, 6)) // h was rounded up to 1
	pick := func(of ...*torch.Tensor) *torch.Tensor {
		y := of[5]
		for i := 4; i >= 0; i-- {
			y = s.Where(is[i], of[i], y)
		}
		return y
	}
	return s.Cat([]*torch.Tensor{pick(v, q, p, p, t, v), pick(t, v, v, q, p, p), pick(p, p, t, v, v, q)}, 3)
}

// clampDown rounds down to bytes.
func clampDown(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	low, high := torch.FromSlice(s, []float32{0}, 1), torch.FromSlice(s, []float32{255}, 1)
	return s.Cast(s.Minimum(s.Maximum(x, low), high), torch.Uint8)
}
