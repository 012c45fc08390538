package schedule

import (
	"fmt"
	"math"
)

// OneCycleOptions configure NewOneCycle. The zero value of all but LR and
// Steps is torch's default.
type OneCycleOptions struct {
	LR         float64 // the peak
	Steps      int     // optimiser steps of the whole training
	Rise       float64 // fraction of the steps that rise; 0 means 0.3
	Div        float64 // the first rate is LR/Div; 0 means 25
	FinalDiv   float64 // the last rate is LR/Div/FinalDiv; 0 means 1e4
	Straight   bool    // lines instead of half cosines
	ThreePhase bool    // up, down as long, then from LR/Div to the last rate
}

// OneCycle rises from LR/Div to LR and falls to almost nothing. It schedules
// the rate alone: momentum stays, as with cycle_momentum=False.
// Sources: Smith & Topin 2017, arXiv:1708.07120;
// torch.optim.lr_scheduler.OneCycleLR.
type OneCycle struct {
	phases   []phase
	straight bool
}

// phase is one stretch of the cycle. Its end is fractional, as in torch.
type phase struct{ end, from, to float64 }

// NewOneCycle returns the schedule, or the faults of o.
func NewOneCycle(o OneCycleOptions) (*OneCycle, error) {
	if _, err := newSpan("one-cycle", o.LR, o.Steps, Warmup{}, true); err != nil {
		return nil, err
	}
	rise, div, final := orDefault(o.Rise, 0.3), orDefault(o.Div, 25), orDefault(o.FinalDiv, 1e4)
	most := 1.0
	if o.ThreePhase {
		most = 0.5 // up and down are equally long
	}
	if !(rise > 0 && rise <= most) {
		return nil, fmt.Errorf("one-cycle schedule: rising fraction %v, want above 0 and at most %v", o.Rise, most)
	}
	if !(div >= 1) || !(final >= 1) || math.IsInf(div*final, 0) {
		return nil, fmt.Errorf("one-cycle schedule: divisors %v and %v, want finite numbers of 1 or more", o.Div, o.FinalDiv)
	}
	n, first := float64(o.Steps), o.LR/div
	last := first / final
	c := &OneCycle{straight: o.Straight, phases: []phase{{rise*n - 1, first, o.LR}}}
	if o.ThreePhase {
		c.phases = append(c.phases, phase{2*rise*n - 2, o.LR, first}, phase{n - 1, first, last})
	} else {
		c.phases = append(c.phases, phase{n - 1, o.LR, last})
	}
	return c, nil
}

// At interpolates between the ends of the phase that step lies in.
func (c *OneCycle) At(step int) float64 {
	k, i, start := float64(max(step, 0)), 0, 0.0
	for ; i < len(c.phases)-1 && k > c.phases[i].end; i++ {
		start = c.phases[i].end
	}
	p := c.phases[i]
	// A phase shorter than a step has no inside: its end's rate holds.
	f := 1.0
	if p.end > start {
		f = min(1, (k-start)/(p.end-start))
	}
	if c.straight {
		return (p.to-p.from)*f + p.from
	}
	return p.to + (p.from-p.to)/2*(math.Cos(math.Pi*f)+1)
}
