package train

import (
	"fmt"
	"strings"
)

// Diverged is a run whose loss or gradient became infinite or NaN. The update
// was not made.
type Diverged struct {
	What       string // "loss" or "gradient norm"
	Value      float64
	Step       int // from 1
	Epoch      int
	LR         float64   // the schedule's
	Rates      []float64 // the groups', bottom to top; nil where every group trains at LR
	Examples   []string  // the step's
	Checkpoint string    // the newest, "" for none
}

func (e *Diverged) Error() string {
	names := e.Examples
	const most = 8
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(e.Examples)-most)
	}
	rates := ""
	if e.Rates != nil {
		rates = fmt.Sprintf(" (by group, bottom to top: %.3g)", e.Rates)
	}
	msg := fmt.Sprintf("step %d, epoch %d: the %s is %v at learning rate %.3g%s; the examples: %s%s",
		e.Step, e.Epoch, e.What, e.Value, e.LR, rates, strings.Join(names, ", "), more)
	if e.Checkpoint != "" {
		msg += "; the last good checkpoint is " + e.Checkpoint
	}
	return msg + "; lower --lr, or look at these examples"
}

func (f *fit[B]) diverged(e StepEvent, parts []micro[B], what string, v float64) error {
	d := &Diverged{What: what, Value: v, Step: e.Step, Epoch: e.Epoch, LR: e.LR, Rates: e.Rates}
	if f.saver != nil {
		f.reap(true)
		d.Checkpoint = f.saver.newest
	}
	for _, m := range parts {
		for i := range m.batch.Size() {
			d.Examples = append(d.Examples, m.batch.Name(i))
		}
	}
	return d
}
