package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/torch"
)

// Fit trains m on data and evaluates it on val, which may be nil, after each
// epoch. The best model by o.BestBy (of equals, the one with the lower loss) is
// saved as it is found; without val the last one is, with the checkpoints and at
// the end. With o.EMA the model that is evaluated, saved and left in m is the
// averaged one.
//
// When ctx ends, Fit saves a checkpoint and returns an *[Interrupted]. On an error
// of the data, or of an evaluation, it saves one too, for a run that goes on when
// that is mended; but not of a model that answers NaN. A loss that is not finite ends
// the run with a *[Diverged], before the update. A run that goes on with other options
// than it began with is refused with a *[Changed], and one in whose folder another
// process trains with an *[InUse].
//
// A resumed run ends with the same weights to the bit, on the CPU, where nothing else
// draws from libtorch's generator meanwhile: new weights, a RangeTest or a Trial, or
// another Fit.
func Fit[B Batch](ctx context.Context, rt *torch.Runtime, m Model[B], data, val Data[B], o FitOptions) (Result, error) {
	f := &fit[B]{rt: rt, model: m, data: data, val: val, o: o}
	defer f.close()
	if err := f.prepare(); err != nil {
		return Result{}, err
	}
	err := f.run(ctx)
	if err == nil {
		err = f.finish()
	}
	return f.result(), err
}

type fit[B Batch] struct {
	rt        *torch.Runtime
	model     Model[B]
	data, val Data[B]
	o         FitOptions
	unnamed   bool // the options are Fit's own
	single    bool // steps of a run that does not take place: nothing is evaluated

	plan  loader.Plan
	p     progress
	thaw  *Thaw     // or nil
	ema   *EMA      // or nil
	saver *saver    // nil: nothing is saved
	lock  *Lock     // of the run's folder; nil: the caller's, or none
	best  *hostCopy // the best epoch's weights, with RestoreBest

	modelStep int // of the model that was saved

	due      bool      // a checkpoint, which waits for the one being written
	lastSave time.Time // when the newest one was begun
	failed   bool      // it could not be written

	examples, tokens int
	elapsed          time.Duration
}

// item is a step's micro-batches.
type item[B Batch] = loader.Item[[]micro[B]]

func (f *fit[B]) run(ctx context.Context) error {
	if per := f.plan.StepsPerEpoch(); f.p.EpochCount > 0 && f.p.Step%per == 0 {
		// Stopped between an epoch's last step and its evaluation.
		if err := f.endEpoch(ctx, f.p.Step/per); err != nil {
			return f.stop(ctx, err)
		}
	}
	if f.o.EvalFirst && f.val != nil && f.p.Untrained == nil && f.p.Step == 0 {
		score, err := f.eval(ctx)
		if err != nil {
			return f.stop(ctx, err)
		}
		f.p.Untrained = &score
		f.o.Observe(UntrainedEvent{score})
	}
	if f.stoppedEarly() {
		return nil
	}
	f.lastSave = time.Now()
	start := time.Now()
	for s, err := range StepsFrom(ctx, f.rt, f.p.Step, f.batches(ctx)) {
		if err != nil {
			return f.stop(ctx, err)
		}
		e, err := f.step(s)
		if err != nil {
			return err
		}
		e.Duration = time.Since(start)
		f.elapsed += e.Duration
		f.p.EpochSeconds += e.Duration.Seconds()
		f.o.Observe(e)
		if err := f.after(ctx, s.Batch); err != nil {
			return f.stop(ctx, err)
		}
		if s.Batch.EpochEnd && f.stoppedEarly() {
			f.o.Observe(EarlyStopEvent{Epoch: s.Batch.Epoch + 1, Best: *f.p.Best})
			return nil
		}
		start = time.Now()
	}
	return nil
}

func (f *fit[B]) batches(ctx context.Context) iter.Seq2[item[B], error] {
	return loader.Run(ctx, f.plan, f.build)
}

// after evaluates and saves, where the step was an epoch's last or a checkpoint
// is due.
func (f *fit[B]) after(ctx context.Context, it item[B]) error {
	if it.EpochEnd {
		if err := f.endEpoch(ctx, it.Epoch+1); err != nil {
			return err
		}
	}
	return f.saveIfDue(it.Epoch+1, it.EpochEnd)
}

// finish waits for the last checkpoint, which is the run's end, and leaves in
// the model what the run was for.
func (f *fit[B]) finish() error {
	if f.saver != nil && f.saver.step != f.p.Step {
		f.save()
	}
	err := f.saveLast()
	f.reap(true)
	if err != nil {
		return err
	}
	if f.ema != nil {
		if err := f.ema.Swap(); err != nil {
			return err
		}
	}
	if f.best == nil {
		return nil
	}
	return f.best.restore(f.model.Store())
}

// stop ends the run on err, an error of anything but a step, with what was reached
// saved.
func (f *fit[B]) stop(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return f.saveBefore(err)
	}
	e := &Interrupted{Step: f.p.Step, Cause: context.Cause(ctx), ended: ctx.Err()}
	if f.saver == nil {
		return e
	}
	e.Checkpoint, e.Err = f.saveReached()
	return e
}

// saveReached saves what was reached in a checkpoint, whose folder it returns, and the
// model, where the one so far is the best.
func (f *fit[B]) saveReached() (dir string, err error) {
	if dir, err = f.saveNow(); err != nil || f.p.Best != nil && f.val != nil || f.p.Step > 0 && f.modelStep == f.p.Step {
		return dir, err
	}
	return dir, f.saveModel()
}

// saveBefore saves what was reached before err, where no checkpoint holds the steps,
// and says so in the error. A model that answers NaN is not worth it: each run that
// went on from there would end as this one.
func (f *fit[B]) saveBefore(err error) error {
	if f.saver == nil {
		return err
	}
	f.reap(true)
	switch {
	case f.p.Step <= f.saver.whole:
		return errors.Join(err, f.saveLast())
	case errors.Is(err, errNotFinite):
		if f.saver.newest != "" {
			err = fmt.Errorf("%w; the checkpoint before that is %s", err, f.saver.newest)
		}
		return err
	}
	// The ones before it stay: what was learned since may be what went wrong.
	f.saver.keep = math.MaxInt
	dir, serr := f.saveReached()
	switch {
	case serr != nil && dir != "":
		return fmt.Errorf("%w; what was reached by step %d is saved in %s, but the model is not: %w", err, f.p.Step, dir, serr)
	case serr != nil:
		return errors.Join(err, serr)
	}
	return fmt.Errorf("%w; what was reached by step %d is saved in %s", err, f.p.Step, dir)
}

// close waits for a checkpoint that is being written, whatever ended the run.
func (f *fit[B]) close() {
	f.reap(true)
	if f.ema != nil {
		f.ema.Close()
	}
	if f.best != nil {
		f.best.free()
	}
	f.lock.Release()
}

func (f *fit[B]) result() Result {
	return Result{
		Steps: f.p.Step, Untrained: f.p.Untrained, Epochs: f.p.Epochs, Best: f.p.Best,
		Examples: f.examples, Tokens: f.tokens, Duration: f.elapsed,
	}
}
