package schedule

import (
	"fmt"
	"math"
)

// CosineOptions configure NewCosine.
type CosineOptions struct {
	LR     float64 // peak rate, reached at the warm-up's end
	Steps  int     // optimiser steps of the whole training
	Warmup Warmup  // none by default
	End    float64 // lowest rate, 0 by default
	Cycles float64 // waves over the training; 0 means one half: down once
}

// Cosine rises linearly from 0 to the peak rate, then follows a cosine down to
// End. Sources: transformers.get_cosine_schedule_with_warmup and, with End and
// without warm-up, torch.optim.lr_scheduler.CosineAnnealingLR.
type Cosine struct {
	span
	end, cycles float64
}

// NewCosine returns the schedule, or the faults of o.
func NewCosine(o CosineOptions) (*Cosine, error) {
	s, err := newSpan("cosine", o.LR, o.Steps, o.Warmup, true)
	if err != nil {
		return nil, err
	}
	if err := checkEnd("cosine", o.End, o.LR); err != nil {
		return nil, err
	}
	if !(o.Cycles >= 0) || math.IsInf(o.Cycles, 0) {
		return nil, fmt.Errorf("cosine schedule: %v cycles, want a finite number, 0 or more", o.Cycles)
	}
	return &Cosine{span: s, end: o.End, cycles: orDefault(o.Cycles, 0.5)}, nil
}

// At returns LR·k/W during warm-up, then End + (LR-End)·(1+cos(2π·Cycles·p))/2
// where p runs from 0 to 1.
func (c *Cosine) At(step int) float64 {
	if f, ok := c.rising(step); ok {
		return c.lr * f
	}
	f := 0.5 * (1 + math.Cos(math.Pi*c.cycles*2*c.progress(step)))
	return c.end + (c.lr-c.end)*max(0, f)
}

// checkEnd returns an error unless end lies in [0,lr).
func checkEnd(kind string, end, lr float64) error {
	if !(end >= 0 && end < lr) {
		return fmt.Errorf("%s schedule: final rate %v, want 0 or more and below the peak rate %v", kind, end, lr)
	}
	return nil
}
