// Package schedule maps a training step to a learning rate.
//
// A schedule is a pure function: At(k) is the rate of the k-th optimiser step,
// counted from 0, whatever was asked before. A run that resumes at step k
// therefore needs the schedule's options and nothing else. ReducePlateau alone
// depends on what was measured; its state is exported so that a checkpoint can
// hold it.
//
// The curves are those of transformers.optimization (linear, cosine,
// polynomial, constant with warm-up) and of torch.optim.lr_scheduler (one
// cycle, step, multi-step, exponential, reduce on plateau), value for value.
// Those with an end hold their final rate beyond it.
//
// Rates of single parameter groups are multiples of the schedule's: see
// LayerDecay and ParseLayerDecay.
package schedule

import (
	"errors"
	"fmt"
	"math"
)

// A Schedule gives the learning rate of each optimiser step.
type Schedule interface {
	// At returns the rate of step, counted from 0. A negative step is taken
	// as 0; a step beyond the schedule's end, where it has one, has the final
	// rate.
	At(step int) float64
}

// Func makes a Schedule of a function, for curves of one's own.
type Func func(step int) float64

// At calls f.
func (f Func) At(step int) float64 { return f(step) }

// span is what all schedules share: a peak rate, a length and a warm-up.
type span struct {
	lr    float64
	steps int
	warm  int // optimiser steps of warm-up
}

// newSpan checks what all schedules share and reports every fault at once.
// Schedules without an end of their own pass needSteps false: they need the
// length only to turn a fractional warm-up into steps.
func newSpan(kind string, lr float64, steps int, w Warmup, needSteps bool) (span, error) {
	var errs []error
	if !(lr > 0) || math.IsInf(lr, 0) {
		errs = append(errs, fmt.Errorf("%s schedule: learning rate %v, want a finite number above 0", kind, lr))
	}
	if steps < 0 || steps == 0 && (needSteps || w.Fraction > 0) {
		errs = append(errs, fmt.Errorf("%s schedule: %d steps, want at least 1", kind, steps))
	}
	if err := w.validate(); err != nil {
		errs = append(errs, fmt.Errorf("%s schedule: %w", kind, err))
	}
	if err := errors.Join(errs...); err != nil {
		return span{}, err
	}
	warm := w.Of(steps)
	if steps > 0 && warm > steps {
		return span{}, fmt.Errorf("%s schedule: warm-up of %d steps, longer than the training's %d", kind, warm, steps)
	}
	return span{lr: lr, steps: steps, warm: warm}, nil
}

// rising returns the warm-up's factor k/w and whether step is within it.
func (s span) rising(step int) (float64, bool) {
	step = max(step, 0)
	if step >= s.warm {
		return 1, false
	}
	return float64(step) / float64(s.warm), true
}

// progress returns how much of the part after the warm-up is behind step: 0 at
// its first step, 1 at the schedule's end and beyond.
func (s span) progress(step int) float64 {
	// A warm-up as long as the schedule leaves no decay; its last step is the peak.
	rest := max(1, s.steps-s.warm)
	return min(1, float64(max(step, 0)-s.warm)/float64(rest))
}

// orDefault returns v, or def where v is 0; a negative v means 0. Fields whose
// default is not 0 can say so this way.
func orDefault[T int | float64](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}
