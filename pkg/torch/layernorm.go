package torch

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// LayerNorm normalises the last dimension to mean 0 and variance 1, then scales
// and shifts it (Ba, Kiros & Hinton 2016). The names are torch.nn.LayerNorm's.
type LayerNorm struct {
	Weight, Bias *Parameter
	Eps          float64

	width []int64
}

// NewLayerNorm adds name.weight, ones, and name.bias, zeros, to st.
func NewLayerNorm(st *Store, name string, width int, eps float64) (*LayerNorm, error) {
	if width < 1 {
		return nil, fmt.Errorf("layer norm %q: width %d, want 1 or more", name, width)
	}
	w, err := st.Param(name+".weight", Constant(1), width)
	if err != nil {
		return nil, err
	}
	b, err := st.Param(name+".bias", Constant(0), width)
	if err != nil {
		return nil, err
	}
	w.Norm, b.Norm = true, true
	return &LayerNorm{Weight: w, Bias: b, Eps: eps, width: []int64{int64(width)}}, nil
}

// Forward maps [...,width] to the same shape.
func (l *LayerNorm) Forward(s *Scope, x *Tensor) *Tensor {
	if !s.ready("layer_norm", x, l.Weight.T, l.Bias.T) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgLayerNorm(&out, ct(x), l.width, 1, ct(l.Weight.T), ct(l.Bias.T), l.Eps, 1)
	return s.take("layer_norm", raw(out), x, l.Weight.T)
}
