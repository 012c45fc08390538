package schedule

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// curve is the loss of a model that learns around 10^centre and diverges
// around 10^-1: two logistic steps over the logarithm of the rate.
func curve(rate, centre float64) float64 {
	x := math.Log10(rate)
	return 0.7 - 0.5/(1+math.Exp(-4*(x-centre))) + 20/(1+math.Exp(-6*(x+0.5)))
}

func sweep(r *RangeTest, centre, noise float64, rng *rand.Rand) []float64 {
	var losses []float64
	for k := range r.Steps() {
		losses = append(losses, curve(r.At(k), centre)+noise*rng.NormFloat64())
		if r.Diverged(losses) {
			break
		}
	}
	return losses
}

func TestRangeTestFindsTheSteepestDescent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := NewRangeTest(RangeTestOptions{Steps: rapid.IntRange(100, 400).Draw(t, "steps")})
		if err != nil {
			t.Fatal(err)
		}
		centre := rapid.Float64Range(-4.5, -2.5).Draw(t, "centre")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		losses := sweep(r, centre, 0.01, rng)
		if len(losses) == r.Steps() {
			t.Errorf("the sweep did not stop at the divergence")
		}
		rep, err := r.Report(losses)
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Log10(rep.Steepest) - centre; math.Abs(off) > 0.4 {
			t.Errorf("steepest at %.3g, %.2f decades from %.3g", rep.Steepest, off, math.Pow(10, centre))
		}
		if rep.Minimum <= rep.Steepest || rep.MinimumTenth != rep.Minimum/10 || rep.Suggestion != min(rep.Steepest, rep.MinimumTenth) {
			t.Errorf("report %+v", rep)
		}
		if p := rep.Points[len(rep.Points)-1]; p.Loss != losses[len(losses)-1] || p.Slope <= 0 {
			t.Errorf("last point %+v", p)
		}
	})
}

// The slope is per decade of rate, whatever the number of steps.
func TestRangeTestSlope(t *testing.T) {
	for _, steps := range []int{50, 500} {
		r, err := NewRangeTest(RangeTestOptions{Lo: 1e-6, Hi: 1e-2, Steps: steps})
		if err != nil {
			t.Fatal(err)
		}
		losses := make([]float64, steps)
		for k := range losses {
			losses[k] = 3 - 0.25*math.Log10(r.At(k))
		}
		rep, err := r.Report(losses)
		if err != nil {
			t.Fatal(err)
		}
		for k, p := range rep.Points {
			if math.Abs(p.Slope+0.25) > 1e-9 || math.Abs(p.Smoothed-losses[k]) > 1e-9 {
				t.Fatalf("%d steps: point %d of a line is %+v", steps, k, p)
			}
		}
	}
}

func TestRangeTestRefusesNoise(t *testing.T) {
	r, err := NewRangeTest(RangeTestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		losses := make([]float64, 100)
		for i := range losses {
			losses[i] = 0.7 + 0.05*rng.NormFloat64()
		}
		if rep, err := r.Report(losses); err == nil {
			t.Errorf("seed %d: %v suggested from noise", seed, rep.Suggestion)
		}
	}
	rising := make([]float64, 100)
	for i := range rising {
		rising[i] = float64(i)
	}
	if _, err := r.Report(rising); err == nil || !strings.Contains(err.Error(), "falls by 0") {
		t.Errorf("rising losses: error %v", err)
	}
	if _, err := r.Report([]float64{1, 2, math.NaN(), 3}); err == nil || !strings.Contains(err.Error(), "2 finite losses") {
		t.Errorf("two losses: error %v", err)
	}
}

func TestRangeTestDiverged(t *testing.T) {
	r, err := NewRangeTest(RangeTestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	flat := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		losses []float64
		want   bool
	}{
		{nil, false},
		{flat, false},
		{append(flat[:12:12], 9), false}, // one bad batch is not divergence
		{append(flat[:12:12], 9, 9, 9), true},
		{append(flat[:12:12], math.NaN()), true},
		{[]float64{math.Inf(1)}, true},
	} {
		if got := r.Diverged(c.losses); got != c.want {
			t.Errorf("%v: diverged %v", c.losses, got)
		}
	}
}

func TestRangeTestOptions(t *testing.T) {
	_, err := NewRangeTest(RangeTestOptions{Lo: 1, Hi: 0.1, Steps: 3, Width: 0.1, Diverge: 0.5})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"from 1 to 0.1", "3 steps", "0.1 steps", "0.5 times"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
	r, err := NewRangeTest(RangeTestOptions{Lo: 1e-6, Hi: 1e-2, Steps: 41})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[int]float64{-1: 1e-6, 0: 1e-6, 10: 1e-5, 20: 1e-4, 40: 1e-2, 99: 1e-2} {
		if got := r.At(k); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("step %d: rate %v, want %v", k, got, want)
		}
	}
}

// A model's first batches may lie far above the rest: the slope down from them
// is not where it learns.
func TestRangeTestIgnoresTheFirstLoss(t *testing.T) {
	r, err := NewRangeTest(RangeTestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	losses := sweep(r, -3.5, 0, rand.New(rand.NewPCG(1, 1)))
	losses[0] += 1.5
	losses[2] -= 0.5
	rep, err := r.Report(losses)
	if err != nil {
		t.Fatal(err)
	}
	if off := math.Log10(rep.Steepest) + 3.5; math.Abs(off) > 0.3 {
		t.Errorf("steepest at %.3g, want 3e-4", rep.Steepest)
	}
}

func TestRangeTestRefusesAnOddFirstLoss(t *testing.T) {
	r, err := NewRangeTest(RangeTestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	losses := make([]float64, 100)
	rng := rand.New(rand.NewPCG(3, 1))
	for i := range losses {
		losses[i] = 0.7 + 0.01*rng.NormFloat64()
	}
	losses[0] = 3
	if rep, err := r.Report(losses); err == nil {
		t.Errorf("%v suggested from one high loss", rep.Suggestion)
	}
}

// Losses that leap at the end of a sweep do not hide that they fell before.
func TestReportLooksPastTheLeaps(t *testing.T) {
	sweep, err := NewRangeTest(RangeTestOptions{Lo: 1e-5, Hi: 10, Steps: 100})
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for k := range 90 {
		loss := 0.69 - 0.3/(1+math.Exp(-float64(k-40)/5)) + 0.02*math.Sin(float64(5*k))
		if k > 75 {
			loss = 1 + 3*math.Abs(math.Sin(float64(k*k))) // a different one each step
		}
		losses = append(losses, loss)
	}
	r, err := sweep.Report(losses)
	if err != nil {
		t.Fatal(err)
	}
	if r.Steepest < sweep.At(30) || r.Steepest > sweep.At(50) {
		t.Errorf("steepest at %v, want about %v", r.Steepest, sweep.At(40))
	}
}
