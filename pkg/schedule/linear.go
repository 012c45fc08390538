package schedule

// LinearOptions configure NewLinear.
type LinearOptions struct {
	LR     float64 // peak rate, reached at the warm-up's end
	Steps  int     // optimiser steps of the whole training
	Warmup Warmup  // none by default
}

// Linear rises linearly from 0 to the peak rate, then falls linearly to 0: the
// schedule of BERT's fine-tuning recipe.
// Source: transformers.get_linear_schedule_with_warmup.
type Linear struct{ span }

// NewLinear returns the schedule, or all faults of o.
func NewLinear(o LinearOptions) (*Linear, error) {
	s, err := newSpan("linear", o.LR, o.Steps, o.Warmup, true)
	if err != nil {
		return nil, err
	}
	return &Linear{s}, nil
}

// At returns LR·k/W during the W steps of warm-up, then LR·(N-k)/(N-W).
func (l *Linear) At(step int) float64 {
	if f, ok := l.rising(step); ok {
		return l.lr * f
	}
	left := max(0, l.steps-max(step, 0))
	return l.lr * (float64(left) / float64(max(1, l.steps-l.warm)))
}

// ConstantOptions configure NewConstant.
type ConstantOptions struct {
	LR     float64
	Steps  int    // needed for a fractional warm-up only
	Warmup Warmup // none by default
}

// Constant holds one rate, after an optional linear warm-up.
// Source: transformers.get_constant_schedule_with_warmup.
type Constant struct{ span }

// NewConstant returns the schedule, or all faults of o.
func NewConstant(o ConstantOptions) (*Constant, error) {
	s, err := newSpan("constant", o.LR, o.Steps, o.Warmup, false)
	if err != nil {
		return nil, err
	}
	return &Constant{s}, nil
}

// At returns LR·k/W during the W steps of warm-up, then LR.
func (c *Constant) At(step int) float64 {
	f, _ := c.rising(step)
	return c.lr * f
}
