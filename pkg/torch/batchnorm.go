package torch

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// BatchNorm2d normalises each channel of [N,C,H,W] (Ioffe & Szegedy 2015). The
// names are torch.nn.BatchNorm2d's.
type BatchNorm2d struct {
	Weight, Bias            *Parameter
	RunningMean, RunningVar *Parameter // buffers
	NumBatchesTracked       *Parameter // buffer, Int64: kept for the ecosystem's loaders
	Eps, Momentum           float64
}

// NewBatchNorm2d adds weight, bias and the running statistics to st, with
// PyTorch's eps 1e-5 and momentum 0.1.
func NewBatchNorm2d(st *Store, name string, channels int) (*BatchNorm2d, error) {
	if channels < 1 {
		return nil, fmt.Errorf("batch norm %q: %d channels, want 1 or more", name, channels)
	}
	l := &BatchNorm2d{Eps: 1e-5, Momentum: 0.1}
	var err error
	if l.Weight, err = st.Param(name+".weight", Constant(1), channels); err != nil {
		return nil, err
	}
	if l.Bias, err = st.Param(name+".bias", Constant(0), channels); err != nil {
		return nil, err
	}
	l.Weight.Norm, l.Bias.Norm = true, true
	if l.RunningMean, err = st.Buffer(name+".running_mean", Float32, Constant(0), channels); err != nil {
		return nil, err
	}
	if l.RunningVar, err = st.Buffer(name+".running_var", Float32, Constant(1), channels); err != nil {
		return nil, err
	}
	l.NumBatchesTracked, err = st.Buffer(name+".num_batches_tracked", Int64, Constant(0))
	return l, err
}

// Forward normalises by the batch's statistics, and moves the running ones
// towards them, in a training scope when the layer trains; else by the running
// ones. A frozen batch norm that went on adapting would change the features
// that the layers above were trained on.
func (l *BatchNorm2d) Forward(s *Scope, x *Tensor) *Tensor {
	if !s.ready("batch_norm", x, l.Weight.T, l.Bias.T, l.RunningMean.T, l.RunningVar.T) {
		return &Tensor{}
	}
	// One value a channel, as of a last batch of one small picture, has no variance:
	// the running one would become NaN, for good.
	training := s.mode.Train && l.Weight.Trainable() && x.Numel() > l.Weight.T.Numel()
	var out libtch.Ctensor
	libtch.AtgBatchNorm(&out, ct(x), ct(l.Weight.T), ct(l.Bias.T), ct(l.RunningMean.T), ct(l.RunningVar.T),
		b32(training), l.Momentum, l.Eps, 1)
	y := s.take("batch_norm", raw(out), x, l.Weight.T)
	if training && s.err == nil {
		s.addOne_(l.NumBatchesTracked.T) // a buffer: nothing to record
	}
	return y
}

func (s *Scope) addOne_(x *Tensor) {
	if !s.ready("add_", x) {
		return
	}
	c := libtch.AtsInt(1)
	defer libtch.AtsFree(c)
	var out libtch.Ctensor
	libtch.AtgAddScalar_(&out, ct(x), c)
	s.inPlace("add_", x, out)
}
