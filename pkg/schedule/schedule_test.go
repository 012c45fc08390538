package schedule

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawOptions draws options that every named schedule accepts.
func drawOptions(t *rapid.T) Options {
	steps := rapid.IntRange(1, 5000).Draw(t, "steps")
	o := Options{
		LR:    math.Pow(10, rapid.Float64Range(-6, 0).Draw(t, "log10 rate")),
		Steps: steps,
	}
	if rapid.Bool().Draw(t, "fraction") {
		o.Warmup.Fraction = rapid.Float64Range(0, 0.99).Draw(t, "warm-up")
	} else {
		o.Warmup.Steps = rapid.IntRange(0, steps).Draw(t, "warm-up")
	}
	return o
}

func TestRatesAreBoundedAndPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		name := rapid.SampledFrom(Names()).Draw(t, "name")
		s, err := Parse(name, o)
		if err != nil {
			t.Fatal(err)
		}
		k := rapid.IntRange(-3, 2*o.Steps).Draw(t, "step")
		got := s.At(k)
		if !(got >= 0 && got <= o.LR*(1+1e-12)) {
			t.Errorf("step %d: rate %v outside [0, %v]", k, got, o.LR)
		}
		s.At(rapid.IntRange(0, o.Steps).Draw(t, "another step"))
		again, err := Parse(name, o)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := s.At(k), again.At(k); a != got || b != got {
			t.Errorf("step %d: rate %v, then %v, after a restart %v", k, got, a, b)
		}
		if k < 0 && got != s.At(0) {
			t.Errorf("step %d: rate %v, want that of step 0, %v", k, got, s.At(0))
		}
	})
}

func TestRatesRiseThenFall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		name := rapid.SampledFrom([]string{"constant", "linear", "cosine", "polynomial"}).Draw(t, "name")
		s, err := Parse(name, o)
		if err != nil {
			t.Fatal(err)
		}
		w := o.Warmup.Of(o.Steps)
		k := rapid.IntRange(0, o.Steps+5).Draw(t, "step")
		switch a, b := s.At(k), s.At(k+1); {
		case k < w-1 && !(a < b):
			t.Errorf("warm-up of %d steps: rates %v, %v at step %d", w, a, b, k)
		case k >= w && a < b:
			t.Errorf("after a warm-up of %d steps: rates %v, %v at step %d", w, a, b, k)
		}
		if w < o.Steps && math.Abs(s.At(w)/o.LR-1) > 1e-12 {
			t.Errorf("rate %v at the warm-up's end, want the peak %v", s.At(w), o.LR)
		}
	})
}

func TestFinalRateHolds(t *testing.T) {
	for _, name := range Names() {
		s, err := Parse(name, Options{LR: 1e-3, Steps: 90})
		if err != nil {
			t.Fatal(err)
		}
		// The decays to an end reach it after the last step, the others before.
		want := map[string]float64{"linear": 0, "cosine": 0, "polynomial": 1e-7}
		end, ok := want[name]
		if !ok {
			end = s.At(89)
		}
		for _, k := range []int{90, 91, 1000} {
			if name == "step" && k == 1000 {
				continue // drops on
			}
			if name == "step" {
				end = 1e-3 * 1e-3
			}
			if got := s.At(k); math.Abs(got-end) > 1e-12*end {
				t.Errorf("%s: rate %v at step %d of 90, want %v", name, got, k, end)
			}
		}
	}
}

func TestBadOptions(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		make func() (Schedule, error)
		want []string
	}{
		{"all faults at once", func() (Schedule, error) {
			return asSchedule(NewLinear(LinearOptions{LR: -1, Warmup: Warmup{Fraction: 2}}))
		}, []string{"rate -1", "0 steps", "fraction 2"}},
		{"NaN rate", func() (Schedule, error) {
			return asSchedule(NewConstant(ConstantOptions{LR: nan}))
		}, []string{"rate NaN"}},
		{"infinite rate", func() (Schedule, error) {
			return asSchedule(NewConstant(ConstantOptions{LR: math.Inf(1)}))
		}, []string{"rate +Inf"}},
		{"warm-up longer than training", func() (Schedule, error) {
			return asSchedule(NewLinear(LinearOptions{LR: 1, Steps: 5, Warmup: Warmup{Steps: 6}}))
		}, []string{"warm-up of 6 steps", "5"}},
		{"fraction of an unknown length", func() (Schedule, error) {
			return asSchedule(NewConstant(ConstantOptions{LR: 1, Warmup: Warmup{Fraction: 0.5}}))
		}, []string{"0 steps"}},
		{"end above peak", func() (Schedule, error) {
			return asSchedule(NewCosine(CosineOptions{LR: 1, Steps: 5, End: 2}))
		}, []string{"final rate 2"}},
		{"cycles", func() (Schedule, error) {
			return asSchedule(NewCosine(CosineOptions{LR: 1, Steps: 5, Cycles: -1}))
		}, []string{"-1 cycles"}},
		{"power", func() (Schedule, error) {
			return asSchedule(NewPolynomial(PolynomialOptions{LR: 1, Steps: 5, Power: nan}))
		}, []string{"power NaN"}},
		{"rise", func() (Schedule, error) {
			return asSchedule(NewOneCycle(OneCycleOptions{LR: 1, Steps: 5, Rise: 0.6, ThreePhase: true}))
		}, []string{"fraction 0.6", "0.5"}},
		{"divisor", func() (Schedule, error) {
			return asSchedule(NewOneCycle(OneCycleOptions{LR: 1, Steps: 5, Div: 0.5}))
		}, []string{"divisors 0.5"}},
		{"every", func() (Schedule, error) {
			return asSchedule(NewStep(StepOptions{LR: 1}))
		}, []string{"every 0 steps"}},
		{"gamma", func() (Schedule, error) {
			return asSchedule(NewExponential(ExponentialOptions{LR: 1, Gamma: 1.5}))
		}, []string{"factor 1.5"}},
		{"milestone", func() (Schedule, error) {
			return asSchedule(NewMultiStep(MultiStepOptions{LR: 1, Milestones: []int{3, -1}}))
		}, []string{"milestone -1"}},
		{"plateau factor", func() (Schedule, error) {
			return asSchedule(NewReducePlateau(ReducePlateauOptions{LR: 1, Factor: 1}))
		}, []string{"factor 1"}},
		{"plateau threshold", func() (Schedule, error) {
			return asSchedule(NewReducePlateau(ReducePlateauOptions{LR: 1, Plateau: PlateauOptions{Threshold: nan}}))
		}, []string{"threshold NaN"}},
		{"unknown name", func() (Schedule, error) { return Parse("cosin", Options{}) }, append(Names(), `"cosin"`)},
		{"known name", func() (Schedule, error) { return Parse("one-cycle", Options{}) }, []string{`--schedule "one-cycle"`, "0 steps"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.make()
			if err == nil || s != nil {
				t.Fatalf("got schedule %v, error %v", s, err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not name %q", err, w)
				}
			}
		})
	}
}

func TestOneCycleTakesWarmupAsItsRise(t *testing.T) {
	for _, w := range []Warmup{{Steps: 20}, {Fraction: 0.2}} {
		s, err := Parse("one-cycle", Options{LR: 1, Steps: 100, Warmup: w})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.At(19); math.Abs(got-1) > 1e-12 { // torch peaks at 0.2·100-1
			t.Errorf("warm-up %v: rate %v at step 19, want the peak", w, got)
		}
	}
	// A rise of one step has its peak at step 0, where torch divides by zero.
	s, err := Parse("one-cycle", Options{LR: 1, Steps: 100, Warmup: Warmup{Steps: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.At(0); got != 1 {
		t.Errorf("rate %v at step 0, want the peak", got)
	}
}
