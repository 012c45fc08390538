package freeze

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Progress is how far training is. It is all that policies know of a run, so a
// checkpoint that holds it resumes them.
type Progress struct {
	Step     int   // optimiser steps done
	Epoch    int   // epochs done: 0 in the first
	Plateaus []int // steps at which validation stopped improving, ascending
}

// Unit is what a Point counts.
type Unit int

// The units. The zero value is epochs.
const (
	Epochs Unit = iota
	Steps
	Plateaus
)

// String returns "epoch", "step" or "plateau".
func (u Unit) String() string {
	switch u {
	case Steps:
		return "step"
	case Plateaus:
		return "plateau"
	}
	return "epoch"
}

// Point is a point of training: after N epochs, N steps or N plateaus.
type Point struct {
	N    int
	Unit Unit
}

// AfterEpochs is the point at which n epochs are done; 0 is the start.
func AfterEpochs(n int) Point { return Point{n, Epochs} }

// AfterSteps is the point at which n optimiser steps are done.
func AfterSteps(n int) Point { return Point{n, Steps} }

// AfterPlateaus is the point at which validation has stopped improving for the
// n-th time.
func AfterPlateaus(n int) Point { return Point{n, Plateaus} }

// Reached reports whether training is at p or beyond.
func (p Point) Reached(at Progress) bool {
	switch p.Unit {
	case Steps:
		return at.Step >= p.N
	case Plateaus:
		return len(at.Plateaus) >= p.N
	}
	return at.Epoch >= p.N
}

// step returns the step at which p was reached, seen from at, or false where
// it was not or where the length of an epoch is unknown (0).
func (p Point) step(at Progress, stepsPerEpoch int) (int, bool) {
	switch {
	case p.N <= 0:
		return 0, true
	case p.Unit == Steps:
		return p.N, p.N <= at.Step
	case p.Unit == Plateaus:
		if len(at.Plateaus) < p.N {
			return 0, false
		}
		return at.Plateaus[p.N-1], true
	}
	return p.N * stepsPerEpoch, stepsPerEpoch > 0 && p.N <= at.Epoch
}

// back returns the progress as it was at an earlier step.
func (at Progress) back(step, stepsPerEpoch int) Progress {
	was := Progress{Step: step, Plateaus: at.Plateaus[:sort.SearchInts(at.Plateaus, step+1)]}
	if stepsPerEpoch > 0 {
		was.Epoch = step / stepsPerEpoch
	}
	return was
}

// String returns "start", "after epoch 3", "after step 500" or "after plateau 2":
// a point counts what is done by then, and so does whoever shows progress, where
// the first epoch is epoch 1.
func (p Point) String() string {
	if p.N <= 0 {
		return "start"
	}
	return fmt.Sprintf("after %v %d", p.Unit, p.N)
}

// maxPoint is beyond any training, and far from where a product of two counts
// overflows.
const maxPoint = 1_000_000_000

// ParsePoint reads "3", "3e", "3 epochs", "500 steps", "2 plateaus" or
// "plateau", the first of them.
func ParsePoint(text string) (Point, error) {
	t := strings.TrimSpace(text)
	digits := len(t) - len(strings.TrimLeft(t, "0123456789"))
	unit, known := map[string]Unit{
		"": Epochs, "e": Epochs, "epoch": Epochs, "epochs": Epochs,
		"step": Steps, "steps": Steps,
		"plateau": Plateaus, "plateaus": Plateaus,
	}[strings.TrimSpace(t[digits:])]
	n, err := strconv.Atoi(t[:digits])
	if t == "plateau" {
		n, err = 1, nil
	}
	if !known || err != nil || n > maxPoint {
		return Point{}, fmt.Errorf("%q is no point of training, want 3 or 3e (epochs), 500steps or 2plateaus", text)
	}
	return Point{n, unit}, nil
}
