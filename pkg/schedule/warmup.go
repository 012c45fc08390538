package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Warmup is the length of the rise from 0 to the peak rate, in steps or as a
// fraction of all steps. The zero value is no warm-up.
type Warmup struct {
	Steps    int     // optimiser steps
	Fraction float64 // of all steps, in [0,1); not together with Steps
}

// Of returns the warm-up's length in optimiser steps for a training of total
// steps. Fractions round up, as transformers.TrainingArguments does.
func (w Warmup) Of(total int) int {
	if w.Fraction > 0 {
		return int(math.Ceil(float64(total) * w.Fraction))
	}
	return w.Steps
}

// ParseWarmup reads the text of the flag --warmup: "100" or "100 steps" are
// steps; "0.1" and "10%" are a tenth of all steps; "0" and "" are no warm-up.
// The point makes the difference: "1" is one step.
func ParseWarmup(text string) (Warmup, error) {
	t := strings.TrimSpace(text)
	if t == "" {
		return Warmup{}, nil
	}
	var w Warmup
	var err error
	switch {
	case strings.HasSuffix(t, "%"):
		w.Fraction, err = strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(t, "%")), 64)
		w.Fraction /= 100
	case strings.HasSuffix(t, "steps"), strings.HasSuffix(t, "step"):
		t = strings.TrimSuffix(strings.TrimSuffix(t, "s"), "step")
		w.Steps, err = strconv.Atoi(strings.TrimSpace(t))
	default:
		if w.Steps, err = strconv.Atoi(t); err != nil {
			w.Fraction, err = strconv.ParseFloat(t, 64)
		}
	}
	if err != nil {
		return Warmup{}, fmt.Errorf("--warmup %q: want steps (100), a fraction of them (0.1) or a percentage (10%%)", text)
	}
	if err := w.validate(); err != nil {
		return Warmup{}, fmt.Errorf("--warmup %q: %w", text, err)
	}
	return w, nil
}

func (w Warmup) validate() error {
	switch {
	case w.Steps < 0:
		return fmt.Errorf("warm-up of %d steps, want 0 or more", w.Steps)
	case !(w.Fraction >= 0 && w.Fraction < 1):
		return fmt.Errorf("warm-up fraction %v, want 0 or more and below 1", w.Fraction)
	case w.Steps > 0 && w.Fraction > 0:
		return fmt.Errorf("warm-up given twice: %d steps and fraction %v", w.Steps, w.Fraction)
	}
	return nil
}

// String returns the text that ParseWarmup reads back to the same value.
func (w Warmup) String() string {
	if w.Fraction == 0 {
		return strconv.Itoa(w.Steps)
	}
	// 'f' keeps the point that tells a fraction from steps; 'g' may not.
	return strconv.FormatFloat(w.Fraction, 'f', -1, 64)
}

// MarshalText is String, for configuration files.
func (w Warmup) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText is ParseWarmup, for flags and configuration files.
func (w *Warmup) UnmarshalText(text []byte) error {
	v, err := ParseWarmup(string(text))
	if err != nil {
		return err
	}
	*w = v
	return nil
}
