package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// AdamOptions are those of Adam and AdamW. The zero value is the documented BERT
// recipe's AdamW: betas 0.9 and 0.999, eps 1e-8, decoupled weight decay 0.01
// except on biases and LayerNorm.
type AdamOptions struct {
	Beta1, Beta2 float64 // 0: 0.9 and 0.999
	Eps          float64 // 0: 1e-8
	WeightDecay  float64 // 0: 0.01; negative: none
	Coupled      bool    // Adam: the decay goes through the gradient
	// Decay says which parameters decay; nil: all but biases and normalisation.
	Decay func(p *torch.Parameter) bool
	// Rate scales the learning rate by parameter; nil: 1 for all.
	Rate func(p *torch.Parameter) float64
}

// Validate reports a constant out of range.
func (o AdamOptions) Validate() error {
	o = o.withDefaults()
	switch {
	case !(o.Beta1 >= 0 && o.Beta1 < 1) || !(o.Beta2 >= 0 && o.Beta2 < 1):
		return fmt.Errorf("adam: betas %g and %g, want at least 0 and less than 1", o.Beta1, o.Beta2)
	case !(o.Eps > 0) || math.IsInf(o.Eps, 0):
		return fmt.Errorf("adam: eps %g, want more than 0", o.Eps)
	case math.IsNaN(o.WeightDecay) || math.IsInf(o.WeightDecay, 0):
		return fmt.Errorf("adam: weight decay %g", o.WeightDecay)
	}
	return nil
}

func (o AdamOptions) withDefaults() AdamOptions {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Beta1, 0.9)
	def(&o.Beta2, 0.999)
	def(&o.Eps, 1e-8)
	def(&o.WeightDecay, 0.01)
	o.WeightDecay = max(o.WeightDecay, 0)
	if o.Decay == nil {
		o.Decay = DecaysByDefault
	}
	if o.Rate == nil {
		o.Rate = func(*torch.Parameter) float64 { return 1 }
	}
	return o
}

// DecaysByDefault is false for biases and the parameters of normalisation
// layers.
func DecaysByDefault(p *torch.Parameter) bool {
	return !p.Norm && !strings.HasSuffix(p.Name, ".bias")
}

// Adam is the optimiser of Kingma & Ba 2014 and, by default, its decoupled form
// AdamW (Loshchilov & Hutter 2017). Its state is its own, and saved with a
// checkpoint.
type Adam struct {
	rt     *torch.Runtime
	opts   AdamOptions
	params []*torch.Parameter
	scale  map[string]float64 // of the rate, by parameter; absent: 1
	state  *torch.Store
	slots  map[string]slot
}

// slot is a parameter's state, made when the parameter first trains.
type slot struct{ m, v, step *torch.Parameter }

// NewAdam returns an optimiser of params, in their order. Close it when done. A buffer,
// or a name that comes twice, is an error.
func NewAdam(rt *torch.Runtime, params []*torch.Parameter, o AdamOptions) (*Adam, error) {
	if err := errors.Join(o.Validate(), checkTrained(params)); err != nil {
		return nil, err
	}
	return &Adam{rt: rt, opts: o.withDefaults(), params: params, state: rt.NewStore(), slots: make(map[string]slot)}, nil
}

func checkTrained(params []*torch.Parameter) error {
	var errs []error
	seen := make(map[string]bool, len(params))
	for i, p := range params {
		switch {
		case p == nil:
			errs = append(errs, fmt.Errorf("parameter %d of the optimiser is nil", i))
			continue
		case p.Buffer:
			errs = append(errs, fmt.Errorf("parameter %q of the optimiser is a buffer, which is never trained", p.Name))
		case seen[p.Name]:
			errs = append(errs, fmt.Errorf("parameter %q of the optimiser comes twice", p.Name))
		}
		seen[p.Name] = true
	}
	return errors.Join(errs...)
}

// ClipNorm scales the gradients so that their global L2 norm is at most maxNorm
// (0: only measures), and returns the norm before, a scalar on the device.
func (a *Adam) ClipNorm(s *torch.Scope, maxNorm float64) *torch.Tensor {
	return s.ClipGradNorm(tensors(a.params), maxNorm)
}

// ClipValue clamps each element of the gradients to ±limit.
func (a *Adam) ClipValue(s *torch.Scope, limit float64) {
	s.ClipGradValue(tensors(a.params), limit)
}

// Step updates, with learning rate lr, the parameters that have a gradient, and
// drops the gradients.
func (a *Adam) Step(s *torch.Scope, lr float64) {
	for _, c := range a.calls(s, lr) {
		s.FusedAdam(c.constants, c.p, c.m, c.v, c.step)
	}
	s.ZeroGrads(tensors(a.params))
}

// call is the parameters of one rate and one weight decay, updated together.
type call struct {
	constants     torch.AdamStep
	p, m, v, step []*torch.Tensor
}

// calls groups the parameters that train.
func (a *Adam) calls(s *torch.Scope, lr float64) []*call {
	var calls []*call
	for _, p := range a.params {
		if s.Err() != nil || !p.Trainable() {
			continue
		}
		st, err := a.slot(p)
		if err != nil {
			s.Fail(err)
			return nil
		}
		k := torch.AdamStep{LR: lr * a.opts.Rate(p), Beta1: a.opts.Beta1, Beta2: a.opts.Beta2, Eps: a.opts.Eps, Decoupled: !a.opts.Coupled}
		if f, ok := a.scale[p.Name]; ok {
			k.LR *= f
		}
		if a.opts.Decay(p) {
			k.WeightDecay = a.opts.WeightDecay
		}
		i := slices.IndexFunc(calls, func(c *call) bool { return c.constants == k })
		if i < 0 {
			i, calls = len(calls), append(calls, &call{constants: k})
		}
		c := calls[i]
		c.p, c.m, c.v, c.step = append(c.p, p.T), append(c.m, st.m.T), append(c.v, st.v.T), append(c.step, st.step.T)
	}
	return calls
}

func (a *Adam) slot(p *torch.Parameter) (slot, error) {
	if st, ok := a.slots[p.Name]; ok {
		return st, nil
	}
	shape := p.T.Shape()
	var st slot
	var err error
	if st.m, err = a.state.Buffer(p.Name+".exp_avg", torch.Float32, torch.Constant(0), shape...); err != nil {
		return slot{}, err
	}
	if st.v, err = a.state.Buffer(p.Name+".exp_avg_sq", torch.Float32, torch.Constant(0), shape...); err != nil {
		return slot{}, err
	}
	if st.step, err = a.state.Buffer(p.Name+".step", torch.Float32, torch.Constant(0)); err != nil {
		return slot{}, err
	}
	a.slots[p.Name] = st
	return st, nil
}

// State returns the moments and step counts, named by parameter. Restore replaces
// the store where it holds some.
func (a *Adam) State() *torch.Store { return a.state }

// Restore makes the state that of w, a checkpoint's file. Parameters that it holds
// none for have none, as before they first train; a file of other tensors alone is an
// error.
func (a *Adam) Restore(w *torch.WeightFile) error {
	a.forget()
	src := w.Source()
	byName := make(map[string]*torch.Parameter)
	for _, p := range a.params {
		byName[p.Name] = p
	}
	// In the file's order, which is that in which the parameters first trained: the
	// next checkpoint is then the same file, bit for bit, as without a restart.
	for _, name := range w.Names() {
		p := byName[strings.TrimSuffix(name, ".exp_avg")]
		if p == nil || p.Name == name {
			continue
		}
		st, err := a.slot(p)
		if err != nil {
			return err
		}
		for _, q := range []*torch.Parameter{st.m, st.v, st.step} {
			data, dtype, _, ok := src(q.Name)
			if !ok {
				return fmt.Errorf("optimizer state %q is missing", q.Name)
			}
			if err := torch.CopyIn(q.T, data, dtype); err != nil {
				return fmt.Errorf("optimizer state %q: %w", q.Name, err)
			}
		}
	}
	if len(w.Names()) > 0 && len(a.slots) == 0 {
		return fmt.Errorf("no optimizer state of these parameters among %d tensors, the first %q", len(w.Names()), w.Names()[0])
	}
	return nil
}

// forget drops all state.
func (a *Adam) forget() {
	if len(a.state.All()) == 0 {
		return
	}
	a.state.Close()
	a.state, a.slots = a.rt.NewStore(), make(map[string]slot)
}

// Close frees the state.
func (a *Adam) Close() { a.state.Close() }

func tensors(ps []*torch.Parameter) []*torch.Tensor {
	out := make([]*torch.Tensor, len(ps))
	for i, p := range ps {
		out[i] = p.T
	}
	return out
}
