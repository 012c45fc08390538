package schedule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// goldens are rates by PyTorch and transformers, written by
// hack/goldens/schedule/schedules.py.
type goldens struct {
	Schedules []struct {
		Kind    string
		Options json.RawMessage
		Rates   []float64
	}
	Metrics  [][]float64
	Plateaus []struct {
		Options  ReducePlateauOptions
		Metrics  int
		Rates    []float64
		Best     float64
		Bad      int
		Cooldown int
	}
}

func readGoldens(t *testing.T) goldens {
	t.Helper()
	b, err := os.ReadFile("testdata/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// near allows 1e-12 relative: torch multiplies a step's rate by the last one's,
// a hundred roundings, where we take a power. Half cosines that end near 0
// cancel, so that their rounding counts against the peak.
func near(got, want, peak float64) bool {
	return math.Abs(got-want) <= 1e-12*math.Abs(want)+1e-16*peak
}

func build(kind string, options []byte) (Schedule, error) {
	switch kind {
	case "linear":
		return decode(options, NewLinear)
	case "constant":
		return decode(options, NewConstant)
	case "cosine":
		return decode(options, NewCosine)
	case "polynomial":
		return decode(options, NewPolynomial)
	case "one-cycle":
		return decode(options, NewOneCycle)
	case "step":
		return decode(options, NewStep)
	case "multi-step":
		return decode(options, NewMultiStep)
	case "exponential":
		return decode(options, NewExponential)
	}
	return nil, fmt.Errorf("no schedule %q", kind)
}

func decode[O any, S Schedule](options []byte, make func(O) (S, error)) (Schedule, error) {
	var o O
	dec := json.NewDecoder(bytes.NewReader(options))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		return nil, err
	}
	return asSchedule(make(o))
}

func TestSchedulesEqualPyTorch(t *testing.T) {
	kinds := map[string]int{}
	for i, c := range readGoldens(t).Schedules {
		kinds[c.Kind]++
		t.Run(fmt.Sprintf("%d-%s", i, c.Kind), func(t *testing.T) {
			s, err := build(c.Kind, c.Options)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Rates) < 33 {
				t.Fatalf("%d rates", len(c.Rates))
			}
			var peak struct{ LR float64 }
			if err := json.Unmarshal(c.Options, &peak); err != nil {
				t.Fatal(err)
			}
			for k, want := range c.Rates {
				if got := s.At(k); !near(got, want, peak.LR) {
					t.Fatalf("%s: step %d: rate %v, want %v (off by %.2g)", c.Options, k, got, want, got/want-1)
				}
			}
		})
	}
	if len(kinds) != 8 {
		t.Errorf("kinds of schedule in the goldens: %v, want 8", kinds)
	}
}

func TestReducePlateauEqualsPyTorch(t *testing.T) {
	g := readGoldens(t)
	reductions := 0
	for i, c := range g.Plateaus {
		r, err := NewReducePlateau(c.Options)
		if err != nil {
			t.Fatal(err)
		}
		for k, m := range g.Metrics[c.Metrics] {
			// Half the runs are interrupted at each evaluation.
			if i%2 == 0 {
				r = restored(t, r, c.Options)
			}
			if r.Observe(m) {
				reductions++
			}
			if got := r.At(0); !near(got, c.Rates[k], c.Options.LR) {
				t.Fatalf("case %d: after evaluation %d: rate %v, want %v", i, k, got, c.Rates[k])
			}
		}
		s := r.State().Plateau
		if *s.Best != c.Best || s.Bad != c.Bad || s.Cooldown != c.Cooldown || s.Evaluations != len(c.Rates) {
			t.Errorf("case %d: state %+v (best %v), want best %v, bad %d, cooldown %d", i, s, *s.Best, c.Best, c.Bad, c.Cooldown)
		}
	}
	if len(g.Plateaus) != 24 || reductions < 24 {
		t.Errorf("%d cases with %d reductions: the goldens exercise nothing", len(g.Plateaus), reductions)
	}
}

// restored returns what a new process makes of r's saved state.
func restored(t *testing.T, r *ReducePlateau, o ReducePlateauOptions) *ReducePlateau {
	t.Helper()
	b, err := json.Marshal(r.State())
	if err != nil {
		t.Fatal(err)
	}
	var s ReducePlateauState
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	again, err := NewReducePlateau(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(s); err != nil {
		t.Fatal(err)
	}
	return again
}
