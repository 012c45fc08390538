package schedule

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestPlateauIgnoresWhatIsNotFinite(t *testing.T) {
	for _, largest := range []bool{false, true} {
		p, err := NewPlateau(PlateauOptions{Max: largest, Patience: 1})
		if err != nil {
			t.Fatal(err)
		}
		var got []bool
		for _, m := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.NaN()} {
			got = append(got, p.Observe(m))
		}
		if diff := cmp.Diff([]bool{false, true, false, true}, got); diff != "" {
			t.Errorf("max %v: plateaus (-want +got):\n%s", largest, diff)
		}
		b, err := json.Marshal(p.State())
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"bad":0,"cooldown":0,"evaluations":4,"plateaus":2}`; string(b) != want {
			t.Errorf("state %s, want %s", b, want)
		}
	}
}

// A run may be stopped and resumed at any evaluation.
func TestReducePlateauSurvivesRestart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ReducePlateauOptions{
			LR: 1e-3, Factor: rapid.Float64Range(0.1, 0.9).Draw(t, "factor"),
			Plateau: PlateauOptions{
				Max: rapid.Bool().Draw(t, "max"), Patience: rapid.IntRange(-1, 3).Draw(t, "patience"),
				Cooldown: rapid.IntRange(0, 3).Draw(t, "cooldown"),
			},
		}
		metrics := rapid.SliceOf(rapid.OneOf(rapid.Float64Range(0, 1), rapid.Just(math.NaN()))).Draw(t, "metrics")
		whole, err := NewReducePlateau(o)
		if err != nil {
			t.Fatal(err)
		}
		parts, _ := NewReducePlateau(o)
		for i, m := range metrics {
			if rapid.Bool().Draw(t, "restart") {
				b, err := json.Marshal(parts.State())
				if err != nil {
					t.Fatal(err)
				}
				var s ReducePlateauState
				if err := json.Unmarshal(b, &s); err != nil {
					t.Fatal(err)
				}
				parts, _ = NewReducePlateau(o)
				if err := parts.Restore(s); err != nil {
					t.Fatal(err)
				}
			}
			if a, b := whole.Observe(m), parts.Observe(m); a != b || whole.At(9) != parts.At(9) {
				t.Fatalf("evaluation %d: reduced %v to %v, after restarts %v to %v", i, a, whole.At(9), b, parts.At(9))
			}
		}
		if diff := cmp.Diff(whole.State(), parts.State()); diff != "" {
			t.Errorf("state after restarts (-want +got):\n%s", diff)
		}
	})
}

func TestRestoreRefusesNonsense(t *testing.T) {
	r, err := NewReducePlateau(ReducePlateauOptions{LR: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	r.Observe(0.5)
	before := r.State()
	nan := math.NaN()
	for _, s := range []ReducePlateauState{
		{LR: nan},
		{LR: 2e-3},
		{LR: -1},
		{LR: 1e-3, Plateau: PlateauState{Best: &nan}},
		{LR: 1e-3, Plateau: PlateauState{Bad: -1}},
		{LR: 1e-4, Plateau: PlateauState{Evaluations: 1, Plateaus: 2}},
	} {
		if err := r.Restore(s); err == nil {
			t.Errorf("state %+v was taken", s)
		}
		if diff := cmp.Diff(before, r.State()); diff != "" {
			t.Errorf("a refused state changed the schedule (-want +got):\n%s", diff)
		}
	}
}

func TestStateIsACopy(t *testing.T) {
	p, err := NewPlateau(PlateauOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.Observe(0.5)
	s := p.State()
	if err := p.Restore(s); err != nil {
		t.Fatal(err)
	}
	*s.Best = 0.1
	if got := *p.State().Best; got != 0.5 {
		t.Errorf("best metric %v after its copy was changed, want 0.5", got)
	}
}

func TestReset(t *testing.T) {
	r, err := NewReducePlateau(ReducePlateauOptions{LR: 1e-3, Plateau: PlateauOptions{Patience: -1, Cooldown: 2}})
	if err != nil {
		t.Fatal(err)
	}
	before := r.State()
	for _, m := range []float64{0.5, 0.6, 0.7} {
		r.Observe(m)
	}
	if r.At(0) == 1e-3 {
		t.Fatal("the rate has not been reduced")
	}
	r.Reset()
	if diff := cmp.Diff(before, r.State()); diff != "" || r.At(0) != 1e-3 {
		t.Errorf("rate %v after a reset; state (-want +got):\n%s", r.At(0), diff)
	}
}
