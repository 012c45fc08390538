package cli

import (
	"errors"
	"path/filepath"

	"github.com/gotune/gotune/pkg/train"
)

// recorder hands a run's events to the screen, to metrics.jsonl and to
// TensorBoard's files. A line that cannot be written, as on a full disk, does not
// end the run: it is told at once and is the run's error at the end.
type recorder struct {
	dir    string
	bar    *progress
	run    *RunFile  // of a run that goes on: written anew where it has changed
	groups []string  // of the model, bottom to top
	report *reporter // nil: none
	j      *journal
	board  *board
	err    error
}

// open begins the record, or goes on with it from a checkpoint.
func (r *recorder) open(from train.ResumeEvent) error {
	r.board = &board{dir: filepath.Join(r.dir, boardName), from: from.Step, groups: r.groups}
	j, err := openJournal(r.dir, from)
	if err != nil {
		return err
	}
	r.j, r.board.again = j, j.last
	return nil
}

func (r *recorder) observe(e train.Event) {
	if resumed, ok := e.(train.ResumeEvent); ok {
		r.fail(errors.Join(r.run.write(r.dir), r.open(resumed)))
	}
	if r.j != nil {
		r.fail(r.j.write(e))
		if _, ok := e.(train.SavingEvent); ok {
			r.fail(r.j.sync())
		}
	}
	if r.board != nil {
		r.fail(r.board.write(e))
	}
	r.bar.observe(e)
	if r.report != nil {
		r.fail(r.report.observe(e))
	}
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
	if r.j != nil {
		r.fail(r.j.close())
	}
	if r.board != nil {
		r.fail(r.board.close())
	}
	if r.report != nil && r.j != nil {
		r.report.draw()
	}
	return r.err
}
