package train

import (
	"testing"
	"time"
)

// When something is due, after a step of the second epoch or at its end, so long
// after it was last begun, which took so long.
func TestCadenceDue(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		every       Cadence
		end         bool
		since, took time.Duration
		want        bool
	}{
		{Cadence{}, true, 50 * s, s, true},
		{Cadence{}, true, 49 * s, s, false}, // would take more than a fiftieth
		{Cadence{}, true, s, 0, true},       // never done so far
		{Cadence{}, true, s, s, false},      // still under way
		{Cadence{}, false, 100 * s, s, false},
		{Cadence{Epochs: 1}, true, s, s, true},
		{Cadence{Epochs: 2}, true, s, s, true},
		{Cadence{Epochs: 3}, true, 100 * s, s, false},
		{Cadence{Time: 5 * s}, false, 5 * s, s, true},
		{Cadence{Time: 5 * s}, true, 4 * s, 0, false},
		{Cadence{Steps: 7}, false, s, s, true},
		{Cadence{Steps: 8}, true, 100 * s, s, false},
	} {
		if got := c.every.due(14, 2, c.end, c.since, c.took); got != c.want {
			t.Errorf("every %v, at an epoch's end %v, %v after one of %v: due %v, want %v", c.every, c.end, c.since, c.took, got, c.want)
		}
	}
}

func TestCadenceIsOneCount(t *testing.T) {
	for _, c := range []Cadence{{Steps: -1}, {Steps: 1, Epochs: 1}, {Steps: 1, Time: 1}, {Epochs: 1, Time: 1}} {
		if c.Validate() == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	for _, c := range []Cadence{{}, {Steps: 1}, {Epochs: 1}, {Time: 1}} {
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}
