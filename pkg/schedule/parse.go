package schedule

import (
	"fmt"
	"strings"
)

// Options are what the named schedules take. Each uses the fields that it
// knows; their zero values are the defaults of the schedule's own options.
type Options struct {
	LR     float64 // peak rate
	Steps  int     // optimiser steps of the whole training
	Warmup Warmup  // one-cycle: the length of its rise

	End     float64        // cosine, polynomial: final rate
	Cycles  float64        // cosine: waves
	Power   float64        // polynomial: exponent
	Every   int            // step: steps between drops; 0 means a third of Steps
	Gamma   float64        // step, plateau: factor of a drop
	Min     float64        // plateau: lowest rate
	Plateau PlateauOptions // plateau: when to drop
}

// Names returns the schedules that Parse knows.
func Names() []string {
	return []string{"constant", "linear", "cosine", "polynomial", "one-cycle", "step", "plateau"}
}

// Parse returns the schedule that the flag --schedule names.
//
// The schedule of "plateau" is a *ReducePlateau, which wants each evaluation's
// metric; the others are pure.
func Parse(name string, o Options) (Schedule, error) {
	s, err := parse(name, o)
	if err != nil {
		return nil, fmt.Errorf("--schedule %q: %w", name, err)
	}
	return s, nil
}

func parse(name string, o Options) (Schedule, error) {
	switch name {
	case "constant":
		return asSchedule(NewConstant(ConstantOptions{LR: o.LR, Steps: o.Steps, Warmup: o.Warmup}))
	case "linear":
		return asSchedule(NewLinear(LinearOptions{LR: o.LR, Steps: o.Steps, Warmup: o.Warmup}))
	case "cosine":
		return asSchedule(NewCosine(CosineOptions{LR: o.LR, Steps: o.Steps, Warmup: o.Warmup, End: o.End, Cycles: o.Cycles}))
	case "polynomial":
		return asSchedule(NewPolynomial(PolynomialOptions{LR: o.LR, Steps: o.Steps, Warmup: o.Warmup, End: o.End, Power: o.Power}))
	case "one-cycle":
		return oneCycleFrom(o)
	case "step":
		every := o.Every
		if every == 0 {
			every = max(1, (o.Steps+2)/3)
		}
		return asSchedule(NewStep(StepOptions{LR: o.LR, Every: every, Gamma: o.Gamma, Steps: o.Steps, Warmup: o.Warmup}))
	case "plateau":
		return asSchedule(NewReducePlateau(ReducePlateauOptions{
			LR: o.LR, Factor: o.Gamma, Min: o.Min, Steps: o.Steps, Warmup: o.Warmup, Plateau: o.Plateau,
		}))
	}
	return nil, fmt.Errorf("no such schedule, want one of %s", strings.Join(Names(), ", "))
}

// oneCycleFrom takes the warm-up as the cycle's rise: a warm-up before a
// schedule that begins with one would only delay it.
func oneCycleFrom(o Options) (Schedule, error) {
	if _, err := newSpan("one-cycle", o.LR, o.Steps, o.Warmup, true); err != nil {
		return nil, err
	}
	rise := o.Warmup.Fraction
	if o.Warmup.Steps > 0 {
		rise = float64(o.Warmup.Steps) / float64(o.Steps)
	}
	return asSchedule(NewOneCycle(OneCycleOptions{LR: o.LR, Steps: o.Steps, Rise: rise}))
}

// asSchedule keeps a nil *T of a failed constructor from becoming a Schedule
// that is not nil.
func asSchedule[S Schedule](s S, err error) (Schedule, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
