package train

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cadence is how often something is done: every so many steps or epochs, or
// after so much time. The zero value is at an epoch's end, where it takes a
// fiftieth of the time at most: after epochs that are shorter than that it waits for
// a later one.
type Cadence struct {
	Steps  int
	Epochs int
	Time   time.Duration
}

// ParseCadence reads "500" or "500steps", "2epochs", "epoch", or a duration such
// as "10m" or "1h30m". "auto", "" and "0" are the zero value.
func ParseCadence(text string) (Cadence, error) {
	t := strings.TrimSpace(text)
	digits := len(t) - len(strings.TrimLeft(t, "0123456789"))
	n, err := strconv.Atoi(t[:digits])
	if digits == 0 {
		n, err = 1, nil
	}
	var c Cadence
	switch unit := strings.TrimSpace(t[digits:]); {
	case t == "" || t == "0" || t == "auto":
		return Cadence{}, nil
	case unit == "step" || unit == "steps" || unit == "":
		c.Steps = n
	case unit == "epoch" || unit == "epochs":
		c.Epochs = n
	default:
		c.Time, err = time.ParseDuration(strings.ReplaceAll(t, " ", ""))
	}
	if err != nil || c == (Cadence{}) {
		return Cadence{}, fmt.Errorf("%q: want auto, steps (500), a time (10m) or epochs (2epochs)", text)
	}
	return c, c.Validate()
}

// Validate reports a negative count, and more than one of them.
func (c Cadence) Validate() error {
	if c.Steps < 0 || c.Epochs < 0 || c.Time < 0 {
		return fmt.Errorf("every %d steps, %d epochs or %v: want none below 0", c.Steps, c.Epochs, c.Time)
	}
	if c.Steps > 0 && c.Epochs > 0 || c.Time > 0 && c.Steps+c.Epochs > 0 {
		return fmt.Errorf("every %d steps, %d epochs and %v: want one of them", c.Steps, c.Epochs, c.Time)
	}
	return nil
}

// String returns what ParseCadence reads.
func (c Cadence) String() string {
	switch {
	case c.Steps > 0:
		return fmt.Sprintf("%dsteps", c.Steps)
	case c.Time > 0:
		return c.Time.String()
	case c.Epochs > 0:
		return fmt.Sprintf("%depochs", c.Epochs)
	}
	return "auto"
}

// due says whether it is time, after a step; epoch counts from 1, since is the time
// since it was last begun and took how long that took.
func (c Cadence) due(step, epoch int, epochEnd bool, since, took time.Duration) bool {
	switch {
	case c.Steps > 0 && step%c.Steps == 0:
		return true
	case c.Time > 0 && since >= c.Time:
		return true
	case c.Epochs > 0:
		return epochEnd && epoch%c.Epochs == 0
	}
	return epochEnd && c == Cadence{} && since >= 50*took
}
