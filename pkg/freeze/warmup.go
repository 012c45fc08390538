package freeze

import "slices"

// Warmup returns the factor in [0,1] on the rate of a group (counted from the
// bottom) that thawed after the start: it rises from 0 over the spec's warm-up
// steps, anew when more of the group thaws. A group that has trained from the
// start has 1, for the schedule has a warm-up of its own; so has a frozen one.
func (p *Plan) Warmup(group int, at Progress) float64 {
	return p.warmup(group, p.joined(at), at)
}

func (p *Plan) warmup(group int, joined []int, at Progress) float64 {
	last := 0
	for _, i := range p.m.groups[group].Params {
		last = max(last, joined[i])
	}
	return p.rise(last, at)
}

// rise returns the warm-up's factor for what joined at a step.
func (p *Plan) rise(joined int, at Progress) float64 {
	if joined <= 0 || at.Step-joined >= p.spec.WarmupSteps {
		return 1
	}
	return float64(at.Step-joined) / float64(p.spec.WarmupSteps)
}

// Factors returns for each group, from bottom to top, what its learning rate is
// at a point of training as a multiple of the schedule's: its rate times its
// warm-up, 0 while it is frozen.
func (p *Plan) Factors(at Progress) []float64 {
	mask, joined := p.policy(at), p.joined(at)
	factors := make([]float64, len(p.m.groups))
	for g, group := range p.m.groups {
		if !slices.ContainsFunc(group.Params, func(i int) bool { return mask[i] }) {
			continue
		}
		factors[g] = p.rate(g) * p.warmup(g, joined, at)
	}
	return factors
}

// rate returns a group's multiple of the learning rate.
func (p *Plan) rate(group int) float64 {
	if p.spec.Rates == nil {
		return 1
	}
	return p.spec.Rates[group]
}

// joined returns the step since which each parameter has trained without a
// break, -1 for those that do not. It replays the points passed so far rather
// than remember them, so that a restart finds the same steps.
func (p *Plan) joined(at Progress) []int {
	steps := []int{0}
	for _, pt := range p.points {
		if s, ok := pt.step(at, p.spec.StepsPerEpoch); ok && s <= at.Step && !slices.Contains(steps, s) {
			steps = append(steps, s)
		}
	}
	slices.Sort(steps)
	since := make([]int, len(p.m.params))
	for i := range since {
		since[i] = -1
	}
	replay := func(mask Mask, step int) {
		for i, on := range mask {
			switch {
			case !on:
				since[i] = -1
			case since[i] < 0:
				since[i] = step
			}
		}
	}
	for _, s := range steps {
		replay(p.policy(at.back(s, p.spec.StepsPerEpoch)), s)
	}
	replay(p.policy(at), at.Step)
	return since
}
