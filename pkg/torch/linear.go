package torch

// #include "shim.h"
import "C"

import "fmt"

// Linear is y = x·wᵀ + b: weight [out,in], bias [out]. The names are
// torch.nn.Linear's.
type Linear struct {
	Weight, Bias *Parameter

	slot raw // of the weights as a kernel last wanted them
}

// NewLinear adds the parameters name.weight and name.bias to st.
func NewLinear(st *Store, name string, in, out int, weight, bias Init) (*Linear, error) {
	if in < 1 || out < 1 {
		return nil, fmt.Errorf("linear %q: %d→%d features, want 1 or more of each", name, in, out)
	}
	w, err := st.Param(name+".weight", weight, out, in)
	if err != nil {
		return nil, err
	}
	b, err := st.Param(name+".bias", bias, out)
	if err != nil {
		return nil, err
	}
	slot, err := st.newSlot()
	if err != nil {
		return nil, fmt.Errorf("linear %q: %w", name, err)
	}
	return &Linear{Weight: w, Bias: b, slot: slot}, nil
}

// Forward maps [...,in] to [...,out].
func (l *Linear) Forward(s *Scope, x *Tensor) *Tensor {
	return s.Linears(x, NoActivation, l)
}

// Activation is what follows a linear map.
type Activation int

// The activations. GELU is the exact one, GELUTanh its approximation; see
// [Scope.GELU].
const (
	NoActivation Activation = iota
	ReLU
	GELU
	GELUTanh
)

// Linears maps [...,in] to [...,Σout]: the layers' results side by side, one
// product forward and one for the gradient of x. The activation a follows.
//
// On a CPU that multiplies bfloat16 in vectors, in an autocast scope of BFloat16,
// it is a kernel of our own, for 64 rows or more and widths in multiples of 32.
func (s *Scope) Linears(x *Tensor, a Activation, layers ...*Linear) *Tensor {
	args := []*Tensor{x}
	for _, l := range layers {
		args = append(args, l.Weight.T, l.Bias.T)
	}
	if !s.ready("linear", args...) || !s.some("linear", len(layers)) {
		return &Tensor{}
	}
	slots, ws, bs := make([]raw, len(layers)), make([]raw, len(layers)), make([]raw, len(layers))
	for i, l := range layers {
		slots[i], ws[i], bs[i] = l.slot, l.Weight.T.ptr, l.Bias.T.ptr
	}
	var out raw
	e := C.gt_linear(first(slots), x.ptr, first(ws), first(bs), C.int(len(layers)), C.int(a), &out)
	if e != nil || out != nil {
		return s.takeShim("linear", e, out, args...)
	}
	w, b := layers[0].Weight.T, layers[0].Bias.T
	if len(layers) > 1 {
		var allW, allB []*Tensor
		for _, l := range layers {
			allW, allB = append(allW, l.Weight.T), append(allB, l.Bias.T)
		}
		w, b = s.Cat(allW, 0), s.Cat(allB, 0)
	}
	return s.activate(s.linear(x, w, b), a)
}

func (s *Scope) activate(x *Tensor, a Activation) *Tensor {
	switch a {
	case ReLU:
		return s.ReLU(x)
	case GELU:
		return s.GELU(x)
	case GELUTanh:
		return s.GELUTanh(x)
	}
	return x
}

func (l *Linear) String() string {
	sh := l.Weight.T.Shape()
	if len(sh) != 2 {
		return "Linear(closed)"
	}
	return fmt.Sprintf("Linear(%d→%d)", sh[1], sh[0])
}
