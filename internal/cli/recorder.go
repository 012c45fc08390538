package cli

import (
	"errors"

	"github.com/gotune/gotune/pkg/train"
)

// recorder hands a run's events to the screen and to metrics.jsonl. A line that
// cannot be written, as on a full disk, does not end the run: it is told at once
// and is the run's error at the end.
type recorder struct {
	dir string
	bar *progress
	run *RunFile // of a run that goes on: written anew where it has changed
	j   *journal
	err error
}

func (r *recorder) open(step int) error {
	j, err := openJournal(r.dir, step)
	r.j = j
	return err
}

func (r *recorder) observe(e train.Event) {
	if resumed, ok := e.(train.ResumeEvent); ok {
		r.fail(errors.Join(r.run.write(r.dir), r.open(resumed.Step)))
	}
	if r.j != nil {
		r.fail(r.j.write(e))
	}
	r.bar.observe(e)
}

// fail keeps the first error.
func (r *recorder) fail(err error) {
	if err == nil || r.err != nil {
		return
	}
	r.err = err
	r.bar.printf("warning: the record of the run has a gap: %v", err)
}

func (r *recorder) close() error {
	if r.j == nil {
		return r.err
	}
	return errors.Join(r.err, r.j.close())
}
