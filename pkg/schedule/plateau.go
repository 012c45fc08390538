package schedule

import (
	"fmt"
	"math"
)

// PlateauOptions configure NewPlateau. Fields whose default is not 0 take a
// negative value as 0.
type PlateauOptions struct {
	Max       bool    // the metric is to grow (accuracy); default: to fall (loss)
	Patience  int     // evaluations without improvement to put up with; 0 means 2, fewer than torch's 10 because fine-tuning has few
	Threshold float64 // least improvement that counts; 0 means 1e-4
	Absolute  bool    // Threshold is in the metric's unit, not a fraction of the best
	Cooldown  int     // evaluations after a plateau that never count as bad
}

// Plateau tells when a validation metric has stopped improving, for rates that
// fall then and for groups that unfreeze then.
// Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
type Plateau struct {
	o PlateauOptions
	s PlateauState
}

// PlateauState is all that a Plateau remembers, for checkpoints.
type PlateauState struct {
	Best        *float64 `json:"best,omitempty"` // absent before the first finite metric
	Bad         int      `json:"bad"`            // evaluations since the best
	Cooldown    int      `json:"cooldown"`       // evaluations of rest left
	Evaluations int      `json:"evaluations"`    // metrics observed
	Plateaus    int      `json:"plateaus"`       // times that Observe returned true
}

// NewPlateau returns the detector before its first metric, or the fault of o.
func NewPlateau(o PlateauOptions) (*Plateau, error) {
	o.Patience, o.Threshold = orDefault(o.Patience, 2), orDefault(o.Threshold, 1e-4)
	if math.IsNaN(o.Threshold) || math.IsInf(o.Threshold, 0) {
		return nil, fmt.Errorf("plateau: threshold %v, want a finite number", o.Threshold)
	}
	if o.Cooldown < 0 {
		return nil, fmt.Errorf("plateau: cooldown %d, want 0 or more", o.Cooldown)
	}
	return &Plateau{o: o}, nil
}

// Observe takes the metric of one evaluation and reports whether a plateau is
// reached with it. A metric that is not finite is no improvement.
func (p *Plateau) Observe(metric float64) bool {
	p.s.Evaluations++
	if p.better(metric) {
		p.s.Best, p.s.Bad = &metric, 0
	} else {
		p.s.Bad++
	}
	if p.s.Cooldown > 0 {
		p.s.Cooldown--
		p.s.Bad = 0
	}
	if p.s.Bad <= p.o.Patience {
		return false
	}
	p.s.Cooldown, p.s.Bad = p.o.Cooldown, 0
	p.s.Plateaus++
	return true
}

func (p *Plateau) better(metric float64) bool {
	if math.IsNaN(metric) || math.IsInf(metric, 0) {
		return false
	}
	if p.s.Best == nil {
		return true
	}
	best, sign := *p.s.Best, -1.0
	if p.o.Max {
		sign = 1
	}
	// As in torch, a relative threshold on a negative best demands nothing:
	// it moves the bar the other way.
	bar := best * (1 + sign*p.o.Threshold)
	if p.o.Absolute {
		bar = best + sign*p.o.Threshold
	}
	return sign*metric > sign*bar
}

// State returns a copy of what p remembers.
func (p *Plateau) State() PlateauState {
	s := p.s
	if s.Best != nil {
		best := *s.Best
		s.Best = &best
	}
	return s
}

// Restore makes p go on from s, or returns why s cannot be a Plateau's state
// and leaves p as it was.
func (p *Plateau) Restore(s PlateauState) error {
	switch {
	case s.Best != nil && (math.IsNaN(*s.Best) || math.IsInf(*s.Best, 0)):
		return fmt.Errorf("plateau: restore: best metric %v is not finite", *s.Best)
	case min(s.Bad, s.Cooldown, s.Evaluations, s.Plateaus) < 0:
		return fmt.Errorf("plateau: restore: negative count in %+v", s)
	case s.Bad > s.Evaluations, s.Plateaus > s.Evaluations:
		return fmt.Errorf("plateau: restore: more bad evaluations or plateaus than evaluations in %+v", s)
	}
	p.s = s
	p.s = p.State() // a copy of Best, which stays the caller's
	return nil
}
