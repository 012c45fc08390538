package torch

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// Conv2d convolves [N,in,H,W] with weight [out,in,k,k]. The names are
// torch.nn.Conv2d's.
type Conv2d struct {
	Weight, Bias *Parameter // Bias may be nil

	stride, padding []int64
	slot            raw // of the weights as Fused last wanted them
}

// Conv2dOptions describe a square convolution. Stride 0 is 1.
type Conv2dOptions struct {
	In, Out, Kernel, Stride, Padding int
	NoBias                           bool
	Init                             Init
}

// NewConv2d adds name.weight and, unless NoBias, name.bias (zeros) to st.
func NewConv2d(st *Store, name string, o Conv2dOptions) (*Conv2d, error) {
	if o.In < 1 || o.Out < 1 || o.Kernel < 1 || o.Stride < 0 || o.Padding < 0 {
		return nil, fmt.Errorf("conv2d %q: %d→%d channels, kernel %d, stride %d, padding %d; want 1, 1, 1, 0 and 0 or more",
			name, o.In, o.Out, o.Kernel, o.Stride, o.Padding)
	}
	w, err := st.Param(name+".weight", o.Init, o.Out, o.In, o.Kernel, o.Kernel)
	if err != nil {
		return nil, err
	}
	stride := int64(max(o.Stride, 1))
	l := &Conv2d{Weight: w, stride: []int64{stride, stride}, padding: []int64{int64(o.Padding), int64(o.Padding)}}
	if l.slot, err = st.newSlot(); err != nil {
		return nil, fmt.Errorf("conv2d %q: %w", name, err)
	}
	if o.NoBias {
		return l, nil
	}
	l.Bias, err = st.Param(name+".bias", Constant(0), o.Out)
	return l, err
}

// Forward maps [N,in,H,W] to [N,out,H',W'].
func (l *Conv2d) Forward(s *Scope, x *Tensor) *Tensor {
	var bias *Tensor
	if l.Bias != nil {
		bias = l.Bias.T
		if !s.ready("conv2d", bias) {
			return &Tensor{}
		}
	}
	if !s.ready("conv2d", x, l.Weight.T) {
		return &Tensor{}
	}
	var out libtch.Ctensor
	libtch.AtgConv2d(&out, ct(x), ct(l.Weight.T), ct(bias), l.stride, 2, l.padding, 2, []int64{1, 1}, 2, 1)
	return s.take("conv2d", raw(out), x, l.Weight.T)
}
