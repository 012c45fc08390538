package torch

// #include "shim.h"
import "C"

import "github.com/sugarme/gotch/libtch"

type (
	unaryFn  func(*libtch.Ctensor, libtch.Ctensor)
	binaryFn func(*libtch.Ctensor, libtch.Ctensor, libtch.Ctensor)
	scalarFn func(*libtch.Ctensor, libtch.Ctensor, libtch.Cscalar)
)

func (s *Scope) unary(op string, f unaryFn, x *Tensor) *Tensor {
	if !s.ready(op, x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	f(&out, ct(x))
	return s.take(op, raw(out), x)
}

func (s *Scope) binary(op string, f binaryFn, x, y *Tensor) *Tensor {
	if !s.ready(op, x, y) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	f(&out, ct(x), ct(y))
	return s.take(op, raw(out), x, y)
}

func (s *Scope) scalar(op string, f scalarFn, x *Tensor, v float64) *Tensor {
	if !s.ready(op, x) {
		return &Tensor{}
	}
	c := libtch.AtsFloat(v)
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	f(&out, ct(x), c)
	return s.take(op, raw(out), x)
}

// inPlace runs an operator that changes x and gives back a second handle on it,
// which is freed at once: the result is x.
func (s *Scope) inPlace(op string, x *Tensor, out libtch.Ctensor, others ...*Tensor) *Tensor {
	if out == nil {
		return s.take(op, nil, append([]*Tensor{x}, others...)...)
	}
	libtch.AtFree(out)
	return x
}

// ReLU returns max(x, 0).
func (s *Scope) ReLU(x *Tensor) *Tensor { return s.unary("relu", libtch.AtgRelu, x) }

// Tanh returns the hyperbolic tangent.
func (s *Scope) Tanh(x *Tensor) *Tensor { return s.unary("tanh", libtch.AtgTanh, x) }

// Sigmoid returns 1/(1+e^-x).
func (s *Scope) Sigmoid(x *Tensor) *Tensor { return s.unary("sigmoid", libtch.AtgSigmoid, x) }

// GELU returns x·Φ(x), exact as BERT has it, not the tanh approximation
// (Hendrycks & Gimpel 2016).
func (s *Scope) GELU(x *Tensor) *Tensor { return s.gelu(x, false) }

// GELUTanh is GELU's tanh approximation ("gelu_new" in configurations).
func (s *Scope) GELUTanh(x *Tensor) *Tensor { return s.gelu(x, true) }

func (s *Scope) gelu(x *Tensor, tanh bool) *Tensor {
	if !s.ready("gelu", x) {
		return &Tensor{}
	}
	var out raw
	e := C.gt_gelu(x.ptr, cbool(tanh), &out)
	return s.takeShim("gelu", e, out, x)
}

// Exp returns e^x.
func (s *Scope) Exp(x *Tensor) *Tensor { return s.unary("exp", libtch.AtgExp, x) }

// Log returns the natural logarithm.
func (s *Scope) Log(x *Tensor) *Tensor { return s.unary("log", libtch.AtgLog, x) }

// Sqrt returns the square root.
func (s *Scope) Sqrt(x *Tensor) *Tensor { return s.unary("sqrt", libtch.AtgSqrt, x) }

// Abs returns the absolute value.
func (s *Scope) Abs(x *Tensor) *Tensor { return s.unary("abs", libtch.AtgAbs, x) }

// Neg returns -x.
func (s *Scope) Neg(x *Tensor) *Tensor { return s.unary("neg", libtch.AtgNeg, x) }

// Detach returns x without its history: no gradient flows through it.
func (s *Scope) Detach(x *Tensor) *Tensor { return s.unary("detach", libtch.AtgDetach, x) }

// Add returns x + y, broadcast.
func (s *Scope) Add(x, y *Tensor) *Tensor { return s.binary("add", libtch.AtgAdd, x, y) }

// Subtract returns x - y, broadcast.
func (s *Scope) Subtract(x, y *Tensor) *Tensor { return s.binary("sub", libtch.AtgSub, x, y) }

// Mul returns x·y by element, broadcast.
func (s *Scope) Mul(x, y *Tensor) *Tensor { return s.binary("mul", libtch.AtgMul, x, y) }

// Div returns x/y by element, broadcast.
func (s *Scope) Div(x, y *Tensor) *Tensor { return s.binary("div", libtch.AtgDiv, x, y) }

// MatMul returns the matrix product over the last two dimensions.
func (s *Scope) MatMul(x, y *Tensor) *Tensor { return s.binary("matmul", libtch.AtgMatmul, x, y) }

// AddScalar returns x + v.
func (s *Scope) AddScalar(x *Tensor, v float64) *Tensor {
	return s.scalar("add_scalar", libtch.AtgAddScalar, x, v)
}

// MulScalar returns x·v.
func (s *Scope) MulScalar(x *Tensor, v float64) *Tensor {
	return s.scalar("mul_scalar", libtch.AtgMulScalar, x, v)
}

// Eq returns where x equals v, as Bool.
func (s *Scope) Eq(x *Tensor, v float64) *Tensor { return s.scalar("eq", libtch.AtgEq, x, v) }

// IsFinite returns where x is neither infinite nor NaN, as Bool.
func (s *Scope) IsFinite(x *Tensor) *Tensor { return s.unary("isfinite", libtch.AtgIsfinite, x) }

// Add_ adds y to x in place and returns x.
func (s *Scope) Add_(x, y *Tensor) *Tensor {
	if !s.ready("add_", x, y) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgAdd_(&out, ct(x), ct(y))
	return s.inPlace("add_", x, out, y)
}

// MulScalar_ multiplies x by v in place and returns x.
func (s *Scope) MulScalar_(x *Tensor, v float64) *Tensor {
	if !s.ready("mul_", x) {
		return &Tensor{}
	}
	c := libtch.AtsFloat(v)
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	libtch.AtgMulScalar_(&out, ct(x), c)
	return s.inPlace("mul_", x, out)
}

// Lerp_ moves x towards end by the fraction w, in place: an exponential moving
// average.
func (s *Scope) Lerp_(x, end *Tensor, w float64) *Tensor {
	if !s.ready("lerp_", x, end) {
		return &Tensor{}
	}
	c := libtch.AtsFloat(w)
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	libtch.AtgLerp_(&out, ct(x), ct(end), c)
	return s.inPlace("lerp_", x, out, end)
}

// Copy_ copies src's elements into x, converting them, and returns x.
func (s *Scope) Copy_(x, src *Tensor) *Tensor {
	if !s.ready("copy_", x, src) {
		return &Tensor{}
	}
	if err := shimErr(C.gt_copy(x.ptr, src.ptr)); err != nil {
		s.failOp("copy_", err, []*Tensor{x, src})
		return &Tensor{}
	}
	return x
}

// Fill_ sets every element of x to v.
func (s *Scope) Fill_(x *Tensor, v float64) *Tensor {
	if !s.ready("fill_", x) {
		return &Tensor{}
	}
	c := libtch.AtsFloat(v)
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	libtch.AtgFill_(&out, ct(x), c)
	return s.inPlace("fill_", x, out)
}

// Normal_ draws every element of x from a normal distribution.
func (s *Scope) Normal_(x *Tensor, mean, std float64) *Tensor {
	if !s.ready("normal_", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgNormal_(&out, ct(x), mean, std)
	return s.inPlace("normal_", x, out)
}

// Uniform_ draws every element of x from [lo, hi).
func (s *Scope) Uniform_(x *Tensor, lo, hi float64) *Tensor {
	if !s.ready("uniform_", x) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgUniform_(&out, ct(x), lo, hi)
	return s.inPlace("uniform_", x, out)
}
