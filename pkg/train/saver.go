package train

import (
	"time"

	"github.com/gotune/gotune/pkg/torch"
)

// saver writes a run's checkpoints, one at a time, beside the training: the
// loop waits only for the copy to host memory.
type saver struct {
	run     string
	keep    int
	rt      *torch.Runtime
	options map[string]string
	parts   []part

	writing chan saved // the result of the one being written; nil: none is
	step    int        // of the newest one that was begun
	newest  string     // the newest whole one
	whole   int        // its step
	epochs  int        // and how many epochs had ended

	took time.Duration // the last writing
}

// saved is a checkpoint that was written, or could not be.
type saved struct {
	CheckpointEvent
	epochs int
	left   []CheckpointEvent // earlier ones that could not be removed
}

func (s *saver) add(file string, st *torch.Store) { s.parts = append(s.parts, part{file, st}) }

// found tells of the checkpoint that the run goes on from.
func (s *saver) found(dir string, p progress) {
	s.newest, s.step, s.whole, s.epochs = dir, p.Step, p.Step, len(p.Epochs)
}

// start copies what a checkpoint holds, and writes it meanwhile. best, which may
// be nil, must stay as it is until that has ended.
func (s *saver) start(p progress, best *hostCopy) error {
	begun := time.Now()
	s.step = p.Step
	var err error
	if p.RNG, err = s.rt.RNGState(); err != nil {
		return err
	}
	p.Options = s.options
	held, err := newHostCopy(s.parts)
	if err != nil {
		return err
	}
	e := CheckpointEvent{Step: p.Step, Bytes: int64(len(held.mem)), Copied: time.Since(begun)}
	all := []*hostCopy{held}
	if best != nil {
		all = append(all, best)
		e.Bytes += int64(len(best.mem))
	}
	s.writing = make(chan saved, 1)
	go func() {
		r := saved{CheckpointEvent: e, epochs: len(p.Epochs)}
		r.Dir, r.Err = writeCheckpoint(s.run, p, all)
		held.free()
		if r.Err == nil {
			r.left = prune(s.run, p.Step, s.keep)
		}
		r.Written = time.Since(begun)
		s.writing <- r
	}()
	return nil
}

// result returns how the writing ended; ok is false where none has, or, without
// wait, where it goes on.
func (s *saver) result(wait bool) (r saved, ok bool) {
	if s.writing == nil {
		return saved{}, false
	}
	if wait {
		r = <-s.writing
	} else {
		select {
		case r = <-s.writing:
		default:
			return saved{}, false
		}
	}
	s.writing, s.took = nil, r.Written
	if r.Dir != "" {
		s.newest, s.whole, s.epochs = r.Dir, r.Step, r.epochs
	}
	return r, true
}

// save begins a checkpoint, once the one before it is on disk.
func (f *fit[B]) save() {
	f.reap(true)
	f.due, f.lastSave = false, time.Now()
	f.o.Observe(SavingEvent{Step: f.p.Step})
	if err := f.saver.start(f.p, f.best); err != nil {
		f.failed = true
		f.o.Observe(CheckpointEvent{Step: f.p.Step, Err: err})
	}
}

// retryAfter is how long a checkpoint that could not be written, as on a full
// disk, waits for another try, where none is due before.
const retryAfter = time.Minute

// saveIfDue begins a checkpoint where one is due. Where the one before is still
// being written the training goes on, except at an epoch's end. There the model that
// no validation data judge is saved too, if a checkpoint is due or was begun within
// the epoch.
func (f *fit[B]) saveIfDue(epoch int, epochEnd bool) error {
	if f.saver == nil {
		return nil
	}
	f.reap(false)
	since := time.Since(f.lastSave)
	took := f.saver.took
	if f.saver.writing != nil {
		took = max(took, since)
	}
	f.due = f.due || f.o.CheckpointEvery.due(f.p.Step, epoch, epochEnd, since, took) || f.failed && since >= retryAfter
	if epochEnd && (f.due || f.saver.step > f.modelStep) {
		if err := f.saveLast(); err != nil {
			return err
		}
	}
	if f.due && (epochEnd || f.saver.writing == nil) {
		f.save()
	}
	return nil
}

// reap tells of a checkpoint that has been written. A failure does not end the
// run: the earlier checkpoint is whole, and the next one may succeed.
func (f *fit[B]) reap(wait bool) {
	if f.saver == nil {
		return
	}
	if r, ok := f.saver.result(wait); ok {
		f.failed = r.Err != nil
		f.o.Observe(r.CheckpointEvent)
		f.observeLeft(r)
	}
}

// observeLeft tells of what was to make room for a checkpoint and did not: that one
// is whole all the same.
func (f *fit[B]) observeLeft(r saved) {
	for _, e := range r.left {
		f.o.Observe(e)
	}
}

// saveNow saves what was reached, where no checkpoint holds it already.
func (f *fit[B]) saveNow() (dir string, err error) {
	f.reap(true)
	s := f.saver
	if s.newest != "" && s.whole == f.p.Step && s.epochs == len(f.p.Epochs) {
		return s.newest, nil
	}
	f.o.Observe(SavingEvent{Step: f.p.Step})
	if err := s.start(f.p, f.best); err != nil {
		return "", err
	}
	r, _ := s.result(true)
	f.observeLeft(r)
	return r.Dir, r.Err
}
