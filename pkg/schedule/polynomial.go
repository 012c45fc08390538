package schedule

import (
	"fmt"
	"math"
)

// PolynomialOptions configure NewPolynomial.
type PolynomialOptions struct {
	LR     float64 // peak rate, reached at the warm-up's end
	Steps  int     // optimiser steps of the whole training
	Warmup Warmup  // none by default
	End    float64 // final rate; 0 means 1e-7, negative means 0
	Power  float64 // 0 means 2; 1 is a line
}

// Polynomial rises linearly from 0 to the peak rate, then falls to End as
// (1-p)^Power. Source: transformers.get_polynomial_decay_schedule_with_warmup,
// whose default power is 1.
type Polynomial struct {
	span
	end, power float64
}

// NewPolynomial returns the schedule, or the faults of o.
func NewPolynomial(o PolynomialOptions) (*Polynomial, error) {
	s, err := newSpan("polynomial", o.LR, o.Steps, o.Warmup, true)
	if err != nil {
		return nil, err
	}
	end := orDefault(o.End, 1e-7)
	if err := checkEnd("polynomial", end, o.LR); err != nil {
		return nil, err
	}
	if !(o.Power >= 0) || math.IsInf(o.Power, 0) {
		return nil, fmt.Errorf("polynomial schedule: power %v, want a finite number above 0", o.Power)
	}
	return &Polynomial{span: s, end: end, power: orDefault(o.Power, 2)}, nil
}

// At returns LR·k/W during warm-up, then End + (LR-End)·(1-p)^Power where p
// runs from 0 to 1.
func (p *Polynomial) At(step int) float64 {
	if f, ok := p.rising(step); ok {
		return p.lr * f
	}
	return (p.lr-p.end)*math.Pow(1-p.progress(step), p.power) + p.end
}
