package torch

import "github.com/sugarme/gotch/libtch"

// Minimum returns the lesser of x and y by element, broadcast.
func (s *Scope) Minimum(x, y *Tensor) *Tensor { return s.binary("minimum", libtch.AtgMinimum, x, y) }

// Maximum returns the greater of x and y by element, broadcast.
func (s *Scope) Maximum(x, y *Tensor) *Tensor { return s.binary("maximum", libtch.AtgMaximum, x, y) }

// EqTensor returns where x equals y, as Bool, broadcast.
func (s *Scope) EqTensor(x, y *Tensor) *Tensor {
	return s.binary("eq_tensor", libtch.AtgEqTensor, x, y)
}

// Lt returns where x is less than v, as Bool.
func (s *Scope) Lt(x *Tensor, v float64) *Tensor { return s.scalar("lt", libtch.AtgLt, x, v) }

// Where returns x's elements where cond, of Bool, holds, and y's elsewhere, all
// three broadcast.
func (s *Scope) Where(cond, x, y *Tensor) *Tensor {
	if !s.ready("where", cond, x, y) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgWhereSelf(&out, ct(cond), ct(x), ct(y))
	return s.take("where", raw(out), cond, x, y)
}

// ShiftRight returns x, of integers, over 2^bits, rounded down, as x's type.
func (s *Scope) ShiftRight(x *Tensor, bits int) *Tensor {
	if !s.ready("shift_right", x) {
		return &Tensor{}
	}
	c := libtch.AtsInt(int64(bits))
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	libtch.AtgBitwiseRightShiftTensorScalar(&out, ct(x), c)
	return s.take("shift_right", raw(out), x)
}
