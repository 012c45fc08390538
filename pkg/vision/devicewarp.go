package vision

import (
	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// whole is a number that, other than a Go scalar, leaves whole numbers whole.
func whole(s *torch.Scope, v int64) *torch.Tensor { return torch.FromSlice(s, []int64{v}, 1) }

// warp is pixels.WarpInto of n pictures, [n,S,S,3] of Uint8.
func (p *sources) warp(s *torch.Scope, from, n int) *torch.Tensor {
	S, each := p.size, p.each[from:from+n]
	column := func(of func(source) int64) *torch.Tensor { // [n,1,1]
		v := make([]int64, n)
		for i, one := range each {
			v[i] = of(one)
		}
		return torch.FromSlice(s, v, n, 1, 1)
	}
	begin, end := each[0].at, each[n-1].at+each[n-1].n
	pix := torch.FromSlice(s, p.pix[3*begin:3*end], end-begin, 3)
	corner := column(func(o source) int64 { return int64(o.at-begin) + o.corner })
	stride := column(func(o source) int64 { return o.stride })
	outside := column(func(o source) int64 { return int64(o.at-begin) + int64(o.n) - 1 }) // the fill's colour

	x := p.axis(s, torch.FromSlice(s, p.x[from*S:(from+n)*S], n, S, 1),
		column(func(o source) int64 { return o.dx }), column(func(o source) int64 { return o.right }))
	y := p.axis(s, torch.FromSlice(s, p.y[from*S:(from+n)*S], n, S, 1),
		column(func(o source) int64 { return o.dy }), column(func(o source) int64 { return o.below }))

	// Each neighbour times its weight. At most 255·8192, so 32 bits hold the sum.
	tap := func(x, y place, weight *torch.Tensor) *torch.Tensor {
		return s.Block(func(s *torch.Scope) *torch.Tensor {
			at := s.Add(s.Add(corner, s.Mul(y.pixel, stride)), x.pixel)
			if p.fill.Constant {
				at = s.Where(s.Mul(x.inside, y.inside), at, outside)
			}
			v := s.IndexSelect(pix, 0, s.Flatten(at, 0))
			return s.Mul(s.Reshape(v, n, S, S, 3), s.Unsqueeze(weight, 3))
		})
	}
	one := torch.FromSlice(s, []int32{1 << pixels.WeightBits}, 1)
	w11 := s.ShiftRight(s.Mul(x.part, y.part), pixels.WeightBits)
	w01, w10 := s.Subtract(x.part, w11), s.Subtract(y.part, w11)
	w00 := s.Subtract(s.Subtract(one, x.part), w10)
	sum := s.Add(tap(x.place, y.place, w00), torch.FromSlice(s, []int32{1 << (pixels.WeightBits - 1)}, 1))
	s.Add_(sum, tap(x.next, y.place, w01))
	s.Add_(sum, tap(x.place, y.next, w10))
	s.Add_(sum, tap(x.next, y.next, w11))
	return s.Cast(s.ShiftRight(sum, pixels.WeightBits), torch.Uint8)
}

// axis is one of the two coordinates of each pixel of n squares, all [n,S,S].
type axis struct {
	place
	next place
	part *torch.Tensor // Int32: of the way to next, in 2^-WeightBits
}

// place is a column, or a row, of a picture.
type place struct {
	pixel  *torch.Tensor // Int64, held to the picture
	inside *torch.Tensor // Bool: whether it was there before; nil without a constant fill
}

// axis computes a coordinate from where each line begins, [n,S,1], the step from
// pixel to pixel and the picture's last pixel, [n,1,1] of Int64.
func (p *sources) axis(s *torch.Scope, start, step, last *torch.Tensor) axis {
	s = s.Sub(s.Mode()) // frees all but the result
	defer s.Close()     // its error is the caller's already
	along := make([]int64, p.size)
	for i := range along {
		along[i] = int64(i)
	}
	zero := whole(s, 0)
	hold := func(v, last *torch.Tensor) *torch.Tensor { return s.Minimum(s.Maximum(v, zero), last) }
	v := s.Add(start, s.Mul(step, torch.FromSlice(s, along, 1, 1, p.size)))
	if !p.fill.Constant {
		v = hold(v, s.Mul(last, whole(s, 1<<pixels.TraceBits)))
	}
	v = s.ShiftRight(v, pixels.TraceBits-pixels.WeightBits)
	first := s.ShiftRight(v, pixels.WeightBits)
	part := s.Subtract(v, s.Mul(first, whole(s, 1<<pixels.WeightBits)))
	next := s.Add(first, whole(s, 1))
	a := axis{place: place{pixel: hold(first, last)}, next: place{pixel: hold(next, last)}, part: s.Cast(part, torch.Int32)}
	if p.fill.Constant {
		a.inside, a.next.inside = s.Return(s.EqTensor(a.pixel, first)), s.Return(s.EqTensor(a.next.pixel, next))
	}
	for _, t := range []*torch.Tensor{a.pixel, a.next.pixel, a.part} {
		s.Return(t)
	}
	return a
}
