package schedule

import (
	"fmt"
	"math"
)

// ReducePlateauOptions configure NewReducePlateau.
type ReducePlateauOptions struct {
	LR      float64
	Factor  float64 // of each reduction, in (0,1); 0 means 0.1
	Min     float64 // the rate never falls below it
	Eps     float64 // a reduction by no more is left undone; 0 means 1e-8, negative means 0
	Steps   int     // needed for a fractional warm-up only
	Warmup  Warmup  // none by default
	Plateau PlateauOptions
}

// ReducePlateau multiplies the rate by Factor whenever the validation metric
// has stopped improving. Its rate is a function of its state and the step.
// Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
type ReducePlateau struct {
	span
	o       ReducePlateauOptions
	plateau *Plateau
}

// ReducePlateauState is all that a ReducePlateau remembers, for checkpoints.
type ReducePlateauState struct {
	LR      float64      `json:"lr"` // without the warm-up's factor
	Plateau PlateauState `json:"plateau"`
}

// NewReducePlateau returns the schedule before its first metric, or the faults
// of o.
func NewReducePlateau(o ReducePlateauOptions) (*ReducePlateau, error) {
	s, err := newSpan("plateau", o.LR, o.Steps, o.Warmup, false)
	if err != nil {
		return nil, err
	}
	o.Factor, o.Eps = orDefault(o.Factor, 0.1), orDefault(o.Eps, 1e-8)
	if !(o.Factor > 0 && o.Factor < 1) {
		return nil, fmt.Errorf("plateau schedule: factor %v, want above 0 and below 1", o.Factor)
	}
	if !(o.Min >= 0 && o.Min <= o.LR) {
		return nil, fmt.Errorf("plateau schedule: lowest rate %v, want 0 or more and at most the rate %v", o.Min, o.LR)
	}
	p, err := NewPlateau(o.Plateau)
	if err != nil {
		return nil, err
	}
	return &ReducePlateau{span: s, o: o, plateau: p}, nil
}

// At returns the rate now in force, times k/W during the W steps of warm-up.
func (r *ReducePlateau) At(step int) float64 {
	f, _ := r.rising(step)
	return r.lr * f
}

// Observe takes the metric of one evaluation and reports whether it lowered
// the rate.
func (r *ReducePlateau) Observe(metric float64) bool {
	if !r.plateau.Observe(metric) {
		return false
	}
	lower := max(r.lr*r.o.Factor, r.o.Min)
	if r.lr-lower <= r.o.Eps {
		return false
	}
	r.lr = lower
	return true
}

// Max says whether the metric is to grow.
func (r *ReducePlateau) Max() bool { return r.o.Plateau.Max }

// Reset makes r what it was before its first metric.
func (r *ReducePlateau) Reset() {
	r.lr, r.plateau.s = r.o.LR, PlateauState{}
}

// State returns what r remembers.
func (r *ReducePlateau) State() ReducePlateauState {
	return ReducePlateauState{LR: r.lr, Plateau: r.plateau.State()}
}

// Restore makes r go on from s, or returns why s cannot be its state and
// leaves r as it was.
func (r *ReducePlateau) Restore(s ReducePlateauState) error {
	if !(s.LR >= 0 && s.LR <= r.o.LR) || math.IsInf(s.LR, 0) {
		return fmt.Errorf("plateau schedule: restore: rate %v, want 0 or more and at most %v", s.LR, r.o.LR)
	}
	if err := r.plateau.Restore(s.Plateau); err != nil {
		return err
	}
	r.lr = s.LR
	return nil
}
