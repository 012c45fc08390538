package train

import (
	"fmt"
	"slices"
	"strings"
)

// Metric is what tells a better epoch from a worse one, on the validation data.
// The zero value is ByAccuracy.
type Metric string

// The metrics. Of epochs with the same accuracy or F1, the one with the lower
// loss is better.
const (
	ByAccuracy Metric = "accuracy"
	ByLoss     Metric = "loss"
	ByF1       Metric = "f1" // mean over the classes
)

// Metrics lists the names of the metrics.
func Metrics() []string { return []string{string(ByAccuracy), string(ByLoss), string(ByF1)} }

func (m Metric) check(flag string) error {
	if m == "" || slices.Contains(Metrics(), string(m)) {
		return nil
	}
	return fmt.Errorf("%s: %q, want one of %s", flag, string(m), strings.Join(Metrics(), ", "))
}

// of returns a value of which more is better; ok is false without validation.
func (m Metric) of(r EpochResult) (v float64, ok bool) {
	switch {
	case r.ValLoss == nil:
		return 0, false
	case m == ByLoss:
		return -*r.ValLoss, true
	case m == ByF1:
		if r.ValF1 == nil { // a run that began before F1 was measured
			return 0, false
		}
		return *r.ValF1, true
	}
	return *r.ValAccuracy, true
}

// better says whether a is better than b. Without validation the later one is.
func (m Metric) better(a, b EpochResult) bool {
	x, measured := m.of(a)
	y, before := m.of(b)
	if !measured || !before {
		return true
	}
	return x > y || x == y && *a.ValLoss < *b.ValLoss
}

// betterBy says whether a is better than b by more than least, or at all where
// least is 0.
func (m Metric) betterBy(a, b EpochResult, least float64) bool {
	if least == 0 {
		return m.better(a, b)
	}
	x, _ := m.of(a)
	y, _ := m.of(b)
	return x-y > least
}
