package torch

import "fmt"

// Linear is y = x·wᵀ + b: weight [out,in], bias [out]. The names are
// torch.nn.Linear's.
type Linear struct {
	Weight, Bias *Parameter
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
	return &Linear{Weight: w, Bias: b}, nil
}

// Forward maps [...,in] to [...,out].
func (l *Linear) Forward(s *Scope, x *Tensor) *Tensor { return s.linear(x, l.Weight.T, l.Bias.T) }

func (l *Linear) String() string {
	sh := l.Weight.T.Shape()
	if len(sh) != 2 {
		return "Linear(closed)"
	}
	return fmt.Sprintf("Linear(%d→%d)", sh[1], sh[0])
}
