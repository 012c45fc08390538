package schedule

import (
	"fmt"
	"math"
	"sort"
)

// StepOptions configure NewStep.
type StepOptions struct {
	LR     float64
	Every  int     // optimiser steps between two drops
	Gamma  float64 // factor of each drop, in (0,1]; 0 means 0.1
	Steps  int     // needed for a fractional warm-up only
	Warmup Warmup  // none by default; it does not shift the drops
}

// Step multiplies the rate by Gamma every so many steps.
// Source: torch.optim.lr_scheduler.StepLR.
type Step struct {
	span
	every int
	gamma float64
}

// NewStep returns the schedule, or the faults of o.
func NewStep(o StepOptions) (*Step, error) {
	s, err := newSpan("step", o.LR, o.Steps, o.Warmup, false)
	if err != nil {
		return nil, err
	}
	if o.Every < 1 {
		return nil, fmt.Errorf("step schedule: a drop every %d steps, want at least 1", o.Every)
	}
	gamma, err := checkGamma("step", o.Gamma)
	if err != nil {
		return nil, err
	}
	return &Step{span: s, every: o.Every, gamma: gamma}, nil
}

// At returns LR·Gamma^(k/Every), the quotient rounded down, times the warm-up's
// factor.
func (s *Step) At(step int) float64 {
	f, _ := s.rising(step)
	return s.lr * f * math.Pow(s.gamma, float64(max(step, 0)/s.every))
}

// MultiStepOptions configure NewMultiStep.
type MultiStepOptions struct {
	LR         float64
	Milestones []int   // steps before which the rate drops, in any order
	Gamma      float64 // factor of each drop, in (0,1]; 0 means 0.1
	Steps      int     // needed for a fractional warm-up only
	Warmup     Warmup  // none by default; it does not shift the milestones
}

// MultiStep multiplies the rate by Gamma at each milestone.
// Source: torch.optim.lr_scheduler.MultiStepLR.
type MultiStep struct {
	span
	milestones []int // ascending
	gamma      float64
}

// NewMultiStep returns the schedule, or the faults of o.
func NewMultiStep(o MultiStepOptions) (*MultiStep, error) {
	s, err := newSpan("multi-step", o.LR, o.Steps, o.Warmup, false)
	if err != nil {
		return nil, err
	}
	for _, m := range o.Milestones {
		if m < 0 {
			return nil, fmt.Errorf("multi-step schedule: milestone %d, want 0 or more", m)
		}
	}
	gamma, err := checkGamma("multi-step", o.Gamma)
	if err != nil {
		return nil, err
	}
	at := append([]int(nil), o.Milestones...)
	sort.Ints(at)
	return &MultiStep{span: s, milestones: at, gamma: gamma}, nil
}

// At returns LR·Gamma^m, m the milestones at or before step, times the
// warm-up's factor.
func (s *MultiStep) At(step int) float64 {
	f, _ := s.rising(step)
	m := sort.SearchInts(s.milestones, max(step, 0)+1)
	return s.lr * f * math.Pow(s.gamma, float64(m))
}

// ExponentialOptions configure NewExponential.
type ExponentialOptions struct {
	LR     float64
	Gamma  float64 // factor of each step, in (0,1]; 0 means 0.1
	Steps  int     // needed for a fractional warm-up only
	Warmup Warmup  // none by default; the decay begins with it
}

// Exponential multiplies the rate by Gamma every step.
// Source: torch.optim.lr_scheduler.ExponentialLR.
type Exponential struct {
	span
	gamma float64
}

// NewExponential returns the schedule, or the faults of o.
func NewExponential(o ExponentialOptions) (*Exponential, error) {
	s, err := newSpan("exponential", o.LR, o.Steps, o.Warmup, false)
	if err != nil {
		return nil, err
	}
	gamma, err := checkGamma("exponential", o.Gamma)
	if err != nil {
		return nil, err
	}
	return &Exponential{span: s, gamma: gamma}, nil
}

// At returns LR·Gamma^k, times the warm-up's factor.
func (e *Exponential) At(step int) float64 {
	f, _ := e.rising(step)
	return e.lr * f * math.Pow(e.gamma, float64(max(step, 0)))
}

// checkGamma returns the factor, 0.1 for 0, or an error unless it is in (0,1].
func checkGamma(kind string, gamma float64) (float64, error) {
	if gamma == 0 {
		return 0.1, nil
	}
	if !(gamma > 0 && gamma <= 1) {
		return 0, fmt.Errorf("%s schedule: factor %v, want above 0 and at most 1", kind, gamma)
	}
	return gamma, nil
}
