package schedule

import (
	"errors"
	"fmt"
	"math"
)

// RangeTestOptions configure NewRangeTest.
type RangeTestOptions struct {
	Lo      float64 // first rate; 0 means 1e-7
	Hi      float64 // last rate; 0 means 1
	Steps   int     // rates tried, one a step; 0 means 100
	Width   float64 // of the smoothing, in steps (standard deviation); 0 means Steps/25
	Diverge float64 // the sweep is over at this multiple of the best loss; 0 means 4
}

// RangeTest is the learning-rate range test: train a few steps with a rate that
// grows from Lo to Hi by a constant factor, watch the loss, choose a rate where
// it falls fastest. It keeps no losses: whoever trains does.
// Source: Smith 2017, arXiv:1506.01186.
type RangeTest struct{ o RangeTestOptions }

// RangePoint is one step of the sweep.
type RangePoint struct {
	Rate     float64 `json:"rate"`
	Loss     float64 `json:"loss"`     // as measured
	Smoothed float64 `json:"smoothed"` // without the batches' noise
	Slope    float64 `json:"slope"`    // of Smoothed, per decade of rate
}

// RangeReport is what a sweep shows.
type RangeReport struct {
	Points       []RangePoint `json:"points"`        // up to the first loss that is not finite
	Steepest     float64      `json:"steepest"`      // rate at which the smoothed loss falls fastest
	Minimum      float64      `json:"minimum"`       // rate at which it is lowest
	MinimumTenth float64      `json:"minimum_tenth"` // a tenth of that
	Suggestion   float64      `json:"suggestion"`    // the lower of Steepest and MinimumTenth
}

// NewRangeTest returns the test, or all faults of o.
func NewRangeTest(o RangeTestOptions) (*RangeTest, error) {
	o.Lo, o.Hi, o.Steps = orDefault(o.Lo, 1e-7), orDefault(o.Hi, 1), orDefault(o.Steps, 100)
	o.Width, o.Diverge = orDefault(o.Width, max(1, float64(o.Steps)/25)), orDefault(o.Diverge, 4)
	var errs []error
	if !(o.Lo > 0 && o.Lo < o.Hi) || math.IsInf(o.Hi, 0) {
		errs = append(errs, fmt.Errorf("range test: rates from %v to %v, want finite numbers above 0, the first the smaller", o.Lo, o.Hi))
	}
	if o.Steps < minRangePoints {
		errs = append(errs, fmt.Errorf("range test: %d steps, want at least %d", o.Steps, minRangePoints))
	}
	if !(o.Width >= 1) || math.IsInf(o.Width, 0) {
		errs = append(errs, fmt.Errorf("range test: smoothing over %v steps, want at least 1", o.Width))
	}
	if !(o.Diverge > 1) {
		errs = append(errs, fmt.Errorf("range test: divergence at %v times the best loss, want more than 1", o.Diverge))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &RangeTest{o}, nil
}

// minRangePoints is the fewest losses that a slope can be read from.
const minRangePoints = 10

// Steps returns how many steps the whole sweep has.
func (r *RangeTest) Steps() int { return r.o.Steps }

// At returns Lo·(Hi/Lo)^(k/(n-1)).
func (r *RangeTest) At(step int) float64 {
	f := float64(min(max(step, 0), r.o.Steps-1)) / float64(r.o.Steps-1)
	return r.o.Lo * math.Pow(r.o.Hi/r.o.Lo, f)
}

// Diverged reports whether the sweep can end: the last of losses is not finite,
// or their running mean has grown to Diverge times its best.
func (r *RangeTest) Diverged(losses []float64) bool {
	const keep = 0.8 // of the mean, each step: some five batches
	mean, weight, best, now := 0.0, 1.0, math.Inf(1), 0.0
	for _, l := range losses {
		if !finite(l) {
			return true
		}
		weight *= keep
		mean = keep*mean + (1-keep)*l
		now = mean / (1 - weight) // unbiased from the first step on
		best = min(best, now)
	}
	return len(losses) >= minRangePoints && now > r.o.Diverge*best
}

// Report reads the losses of steps 0, 1, …; the sweep may have ended early.
// It returns an error where they suggest no rate: too few of them are finite, and
// there is no report, or none falls below the first ones by more than the
// batches' noise, and the report has its points alone.
func (r *RangeTest) Report(losses []float64) (*RangeReport, error) {
	n := 0
	for n < min(len(losses), r.o.Steps) && finite(losses[n]) {
		n++
	}
	if n < minRangePoints {
		return nil, fmt.Errorf("range test: %d finite losses, want at least %d: begin with a lower rate than %v", n, minRangePoints, r.o.Lo)
	}
	rep := &RangeReport{Points: make([]RangePoint, n)}
	decades := math.Log10(r.o.Hi/r.o.Lo) / float64(r.o.Steps-1) // of rate, per step
	gain := make([]float64, n)
	lowest, variance := 0, 0.0
	for i := range rep.Points {
		var height, slope float64
		height, slope, gain[i] = localLine(losses[:n], i, r.o.Width)
		rep.Points[i] = RangePoint{Rate: r.At(i), Loss: losses[i], Smoothed: height, Slope: slope / decades}
		if height < rep.Points[lowest].Smoothed {
			lowest = i
		}
	}
	// Beyond the minimum the losses leap, and that is no noise of the batches.
	calm := max(lowest+1, n/3)
	for i := range calm {
		d := losses[i] - rep.Points[i].Smoothed
		variance += d * d / float64(calm)
	}
	// The first batches are often odd ones, and there the window is one-sided:
	// neither the fall nor its steepest point is looked for within their reach.
	skip := min(int(math.Ceil(3*r.o.Width)), lowest)
	top, steep := skip, skip
	for i := skip; i <= lowest; i++ {
		if rep.Points[i].Smoothed > rep.Points[top].Smoothed {
			top = i
		}
		if rep.Points[i].Slope < rep.Points[steep].Slope {
			steep = i
		}
	}
	// Of noise alone, some forty independent means span about three standard
	// errors of the difference of two.
	noise := 5 * math.Sqrt(variance) * math.Hypot(gain[top], gain[lowest])
	if drop := rep.Points[top].Smoothed - rep.Points[lowest].Smoothed; drop <= noise || rep.Points[steep].Slope >= 0 {
		return rep, fmt.Errorf("range test: the loss falls by %.3g between rates %.3g and %.3g, not clearly more than its noise of %.3g",
			drop, r.At(0), r.At(n-1), noise)
	}
	rep.Steepest, rep.Minimum = rep.Points[steep].Rate, rep.Points[lowest].Rate
	rep.MinimumTenth = rep.Minimum / 10
	rep.Suggestion = min(rep.Steepest, rep.MinimumTenth)
	return rep, nil
}

// localLine fits a line to the values around y[i], weighted by a Gaussian of
// the given width, and returns its height and slope at i. Unlike a running
// mean it does not lag: the steepest point stays where it is. gain is the
// height's standard error where each value has one of 1.
func localLine(y []float64, i int, width float64) (height, slope, gain float64) {
	reach := int(math.Ceil(4 * width))
	first, last := max(0, i-reach), min(len(y)-1, i+reach)
	weigh := func(j int) (d, w float64) {
		d = float64(j - i)
		return d, math.Exp(-d * d / (2 * width * width))
	}
	var w0, w1, w2, m0, m1 float64 // moments of the distance, and with y
	for j := first; j <= last; j++ {
		d, w := weigh(j)
		w0, w1, w2 = w0+w, w1+w*d, w2+w*d*d
		m0, m1 = m0+w*y[j], m1+w*d*y[j]
	}
	det := w0*w2 - w1*w1 // above 0: there are ten values or more
	for j := first; j <= last; j++ {
		d, w := weigh(j)
		share := w * (w2 - w1*d) / det // of y[j] in the height
		gain += share * share
	}
	return (m0*w2 - m1*w1) / det, (w0*m1 - w1*m0) / det, math.Sqrt(gain)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
