package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
)

// Grouped is a model that says which part a parameter belongs to. Parts are
// contiguous in the order of the parameters, bottom to top.
type Grouped interface {
	Store() *torch.Store
	Group(param string) string
}

// FreezeParams lists m's parameters as a freeze policy sees them.
func FreezeParams(m Grouped) []freeze.Param {
	var out []freeze.Param
	for _, p := range m.Store().Parameters() {
		out = append(out, freeze.Param{
			Name: p.Name, Group: m.Group(p.Name), Numel: p.T.Numel(), Norm: p.Norm, Bias: strings.HasSuffix(p.Name, ".bias"),
		})
	}
	return out
}

// Thaw applies a freeze plan to a model as the steps go by. It remembers only
// what it last applied: plan and plateaus decide all else.
type Thaw struct {
	plan     *freeze.Plan
	params   []*torch.Parameter
	mask     freeze.Mask
	plateau  *schedule.Plateau
	plateaus []int     // steps
	factors  []float64 // of the groups' rates, as last applied
}

// NewThaw returns what applies plan to st's parameters, which must be those that
// the plan was compiled for.
func NewThaw(plan *freeze.Plan, st *torch.Store) (*Thaw, error) {
	p, err := schedule.NewPlateau(schedule.PlateauOptions{})
	if err != nil {
		return nil, err
	}
	t := &Thaw{plan: plan, params: st.Parameters(), plateau: p}
	if n := len(plan.At(freeze.Progress{})); n != len(t.params) {
		return nil, fmt.Errorf("the freeze plan is of %d parameters, the model has %d", n, len(t.params))
	}
	return t, nil
}

// Observe notes the validation loss after the given step: where it has ceased to
// fall, a plateau is reached, at which the plan may thaw more.
func (t *Thaw) Observe(loss float64, step int) {
	if t.plateau.Observe(loss) {
		t.plateaus = append(t.plateaus, step)
	}
}

// Apply sets, before the step of that index, which parameters train and at which
// part of the rate.
func (t *Thaw) Apply(step, epoch int, opt *Adam) error {
	at := freeze.Progress{Step: step, Epoch: epoch, Plateaus: t.plateaus}
	mask := t.plan.At(at)
	if !slices.Equal(mask, t.mask) {
		for i, p := range t.params {
			if err := p.SetTrainable(mask[i]); err != nil {
				return err
			}
		}
		t.mask = mask
	}
	opt.scale = make(map[string]float64)
	t.factors = t.plan.Factors(at)
	for g, group := range t.plan.Groups() {
		for _, i := range group.Params {
			opt.scale[t.params[i].Name] = t.factors[g]
		}
	}
	return nil
}

// Rates returns the groups' learning rates where the schedule's is lr; nil where
// every group has it.
func (t *Thaw) Rates(lr float64) []float64 {
	if !slices.ContainsFunc(t.factors, func(f float64) bool { return f != 1 }) {
		return nil
	}
	out := make([]float64, len(t.factors))
	for g, f := range t.factors {
		out[g] = lr * f
	}
	return out
}
