package freeze

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Spec is what Compile binds to a model.
type Spec struct {
	Policy        Policy
	StepsPerEpoch int       // optimiser steps; 0 where not known beforehand
	Epochs        int       // of the whole training; 0 where not known
	WarmupSteps   int       // in which a group that thaws later comes to its full rate
	Rates         []float64 // the groups' multiples of the learning rate, bottom to top; nil means 1
}

// Plan is a policy bound to a model. Its methods are pure functions, safe for
// concurrent use.
type Plan struct {
	m      *model
	spec   Spec
	policy bound
	points []Point // at which the mask may change, without doubles
}

// Compile binds spec to the parameters of a model, whose order is bottom to
// top. It returns all faults: names that occur twice, groups that are not
// contiguous, patterns that match nothing (with near names), rates that do not
// fit the groups, and a start at which nothing trains.
func Compile(params []Param, spec Spec) (*Plan, error) {
	m, err := newModel(slices.Clone(params))
	if err != nil {
		return nil, err
	}
	var errs []error
	seen := map[string]bool{}
	for _, p := range params {
		if seen[p.Name] {
			errs = append(errs, fmt.Errorf("freeze: two parameters are named %q", p.Name))
		}
		seen[p.Name] = true
	}
	b := binder{model: m}
	p := &Plan{m: m, spec: spec, policy: spec.Policy.bind(&b)}
	for _, pt := range b.points {
		if !slices.Contains(p.points, pt) {
			p.points = append(p.points, pt)
		}
	}
	told := map[string]bool{}
	for _, fault := range b.faults {
		if !told[fault.Error()] { // a part may stand in the policy twice
			errs = append(errs, fault)
		}
		told[fault.Error()] = true
	}
	errs = append(errs, p.checkSpec())
	if len(b.faults) == 0 && !p.policy(Progress{}).any() {
		errs = append(errs, errors.New("--freeze, --unfreeze: nothing trains at the start: thaw something at epoch 0, such as head@0"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) checkSpec() error {
	var errs []error
	s := p.spec
	if min(s.StepsPerEpoch, s.Epochs, s.WarmupSteps) < 0 {
		errs = append(errs, fmt.Errorf("freeze: %d steps per epoch, %d epochs, warm-up of %d steps: want 0 or more", s.StepsPerEpoch, s.Epochs, s.WarmupSteps))
	}
	if s.Rates != nil && len(s.Rates) != len(p.m.groups) {
		errs = append(errs, fmt.Errorf("freeze: %d rates for %d groups", len(s.Rates), len(p.m.groups)))
	}
	for i, r := range s.Rates {
		if !(r >= 0) || math.IsInf(r, 0) {
			errs = append(errs, fmt.Errorf("freeze: rate of group %d is %v, want a finite number, 0 or more", i, r))
		}
	}
	byEpoch := p.has(Epochs)
	if s.StepsPerEpoch == 0 && byEpoch && (s.WarmupSteps > 0 || p.has(Steps)) {
		errs = append(errs, errors.New("freeze: the length of an epoch is not known: groups that thaw at epochs can have no warm-up, nor stand beside groups that thaw at steps"))
	}
	return errors.Join(errs...)
}

// has reports whether the policy changes at a point of unit after the start.
func (p *Plan) has(unit Unit) bool {
	return slices.ContainsFunc(p.points, func(pt Point) bool { return pt.Unit == unit && pt.N > 0 })
}

// Groups returns the model's groups from bottom to top.
func (p *Plan) Groups() []Group { return slices.Clone(p.m.groups) }

// At returns which parameters train at a point of training.
func (p *Plan) At(at Progress) Mask { return slices.Clone(p.policy(at)) }

// FrozenPrefix returns how many of the bottom groups are frozen entirely under
// a mask of this plan: their forward needs no gradients.
func (p *Plan) FrozenPrefix(mask Mask) int {
	for g, group := range p.m.groups {
		if slices.ContainsFunc(group.Params, func(i int) bool { return mask[i] }) {
			return g
		}
	}
	return len(p.m.groups)
}

// elements returns how many elements of group g train under mask, and how many
// it has.
func (p *Plan) elements(g int, mask Mask) (trains, of int) {
	for _, i := range p.m.groups[g].Params {
		of += p.m.params[i].Numel
		if mask[i] {
			trains += p.m.params[i].Numel
		}
	}
	return trains, of
}

// Change is a point of training at which other parameters train than before.
type Change struct {
	Point Point
	Step  int // optimiser steps done, or -1 where that is not known beforehand
	Mask  Mask
}

// ChangePoints returns the start and all later changes within the training, in
// their order. Changes on a plateau, whose time nobody knows, follow the others
// in the order of the plateaus.
func (p *Plan) ChangePoints() []Change {
	var timed, plateaus []Point
	for _, pt := range p.points {
		switch {
		case pt.N <= 0 || p.beyond(pt):
		case pt.Unit == Plateaus:
			plateaus = append(plateaus, pt)
		default:
			timed = append(timed, pt)
		}
	}
	slices.SortStableFunc(timed, func(a, b Point) int { return cmp.Compare(p.order(a), p.order(b)) })
	slices.SortFunc(plateaus, func(a, b Point) int { return cmp.Compare(a.N, b.N) })

	changes := []Change{{Mask: p.At(Progress{})}}
	var now Progress
	visit := func(pt Point, step int) {
		mask := p.At(now)
		if !slices.Equal(mask, changes[len(changes)-1].Mask) {
			changes = append(changes, Change{Point: pt, Step: step, Mask: mask})
		}
	}
	for _, pt := range timed {
		now.Step, now.Epoch = p.order(pt), 0
		switch {
		case p.spec.StepsPerEpoch > 0:
			now.Epoch = now.Step / p.spec.StepsPerEpoch
			visit(pt, now.Step)
		case pt.Unit == Epochs:
			now.Step, now.Epoch = 0, pt.N
			visit(pt, -1)
		default:
			visit(pt, now.Step)
		}
	}
	for _, pt := range plateaus {
		now.Plateaus = slices.Repeat([]int{now.Step}, pt.N)
		visit(pt, -1)
	}
	return changes
}

// order returns a number that sorts points in time: the step, where the length
// of an epoch is known, else the count, of which there is one kind only.
func (p *Plan) order(pt Point) int {
	if pt.Unit == Epochs && p.spec.StepsPerEpoch > 0 {
		return pt.N * p.spec.StepsPerEpoch
	}
	return pt.N
}

// Beyond returns the policy's points that lie after the training's end: most
// likely a mistake, for what they thaw never trains.
func (p *Plan) Beyond() []Point {
	var out []Point
	for _, pt := range p.points {
		if p.beyond(pt) {
			out = append(out, pt)
		}
	}
	return out
}

func (p *Plan) beyond(pt Point) bool {
	end := p.spec.StepsPerEpoch * p.spec.Epochs // 0: unknown
	switch pt.Unit {
	case Epochs:
		return p.spec.Epochs > 0 && pt.N >= p.spec.Epochs
	case Steps:
		return end > 0 && pt.N >= end
	}
	return false
}
