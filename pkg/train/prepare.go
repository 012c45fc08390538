package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
)

// prepare checks the options, restores what a run that goes on had reached, and
// rebuilds what follows from it.
func (f *fit[B]) prepare() error {
	o := &f.o
	o.Accumulate = max(o.Accumulate, 1)
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if err := f.validate(); err != nil {
		return err
	}
	if o.Dir != "" && o.Lock == nil {
		var err error
		if f.lock, err = LockRun(o.Dir); err != nil {
			return err
		}
	}
	if o.Dir != "" && !o.Resume {
		if err := checkNew(o.Dir); err != nil {
			return err
		}
	}
	if o.EMA > 0 {
		var err error
		if f.ema, err = NewEMA(f.rt, f.model.Store(), o.EMA); err != nil {
			return err
		}
	}
	if f.unnamed = o.Options == nil; f.unnamed {
		f.o.Options = f.own()
	}
	if o.Dir != "" {
		f.saver = &saver{run: o.Dir, keep: o.Keep, rt: f.rt, options: f.o.Options}
	}
	f.plan = loader.Plan{
		N: f.data.Len(), Batch: o.Batch, Epochs: o.Epochs, Seed: o.Seed, Shuffle: true, Order: o.Order,
		Workers: o.Workers, Ahead: 2 * o.Workers,
	}
	if o.Resume {
		if err := f.resume(); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	}
	if f.saver != nil { // now: the optimiser's state is another store where it was restored
		f.saver.add(modelFile, f.model.Store())
		f.saver.add(optimizerFile, o.Optimizer.State())
		if f.ema != nil {
			f.saver.add(emaFile, f.ema.Store())
		}
	}
	f.plan.Skip = f.p.Step
	if err := f.plan.Validate(); err != nil {
		return err
	}
	return f.replay()
}

// own are the options by which another run would have other steps, for one that names
// none.
func (f *fit[B]) own() map[string]string {
	return map[string]string{
		"Seed": fmt.Sprint(f.o.Seed), "Batch": fmt.Sprint(f.o.Batch), "Accumulate": fmt.Sprint(f.o.Accumulate),
		"MaxBatchTokens": fmt.Sprint(f.o.MaxBatchTokens), "the number of examples": fmt.Sprint(f.data.Len()),
	}
}

// validate returns every fault of the options.
func (f *fit[B]) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	o := f.o
	if o.EarlyStop < 0 {
		bad("--early-stop: %d, want 0 (never) or more", o.EarlyStop)
	}
	if o.EarlyStop > 0 && f.val == nil {
		bad("--early-stop: there is no validation data to watch")
	}
	if !(o.EarlyStopMin >= 0) || math.IsInf(o.EarlyStopMin, 0) {
		bad("--early-stop-min: %g, want 0 or more", o.EarlyStopMin)
	}
	if f.val != nil && f.val.Len() == 0 {
		bad("fit: the validation data is empty; pass nil where there is none")
	}
	if f.val == nil && !f.single {
		if _, ok := o.Schedule.(*schedule.ReducePlateau); ok {
			bad("--schedule plateau: there is no validation data to watch")
		}
		if o.Freeze != nil && slices.ContainsFunc(o.Freeze.ChangePoints(), func(c freeze.Change) bool { return c.Point.Unit == freeze.Plateaus }) {
			bad("--unfreeze plateau: there is no validation data to watch")
		}
	}
	if s, ok := o.Schedule.(*schedule.ReducePlateau); ok && s.Max() {
		bad("--schedule plateau: the metric is the validation loss, which is to fall: Max is for one that is to grow")
	}
	errs = append(errs, o.BestBy.check("--best-by"), o.EarlyStopMetric.check("--early-stop-metric"))
	if o.RestoreBest && f.val == nil {
		bad("fit: no validation data to know the best epoch by")
	}
	if o.Resume && o.Dir == "" {
		bad("fit: Resume without Dir, the run's folder")
	}
	if o.Optimizer == nil || o.Schedule == nil {
		bad("fit: no optimizer or no schedule")
	}
	if o.Batch%o.Accumulate != 0 {
		bad("--accumulate %d does not divide --batch %d", o.Accumulate, o.Batch)
	}
	if o.MaxBatchTokens < 0 {
		bad("--max-batch-tokens: %d, want 0 (no limit) or more", o.MaxBatchTokens)
	}
	if !(o.ClipNorm >= 0) {
		bad("--clip: %g, want 0 (off) or more", o.ClipNorm)
	}
	if !(o.ClipValue >= 0) {
		bad("--clip-value: %g, want 0 (off) or more", o.ClipValue)
	}
	if o.EMA != 0 {
		errs = append(errs, checkDecay(o.EMA))
	}
	if !(o.Loss.LabelSmoothing >= 0 && o.Loss.LabelSmoothing < 1) {
		bad("--label-smoothing: %g, want at least 0 and less than 1", o.Loss.LabelSmoothing)
	}
	if n := len(o.Loss.ClassWeights); n > 0 && n != len(f.model.Classes()) {
		bad("%d class weights for %d classes", n, len(f.model.Classes()))
	}
	for c, w := range o.Loss.ClassWeights {
		if !(w >= 0) || math.IsInf(w, 0) {
			bad("--class-weights: class %d has %g, want a finite number, 0 or more", c, w)
		}
	}
	errs = append(errs, o.Mix.Validate(), o.CheckpointEvery.Validate())
	var b B
	if _, ok := any(b).(Mixable[B]); o.Mix.on() && !ok {
		bad("--mixup, --cutmix: examples of type %T cannot be blended", b)
	}
	if _, ok := any(b).(Divisible[B]); o.MaxBatchTokens > 0 && !ok {
		bad("--max-batch-tokens: examples of type %T have no length", b)
	}
	return errors.Join(errs...)
}

// replay rebuilds what follows from the epochs so far, so that no checkpoint
// needs to hold it.
func (f *fit[B]) replay() error {
	var err error
	if f.o.Freeze != nil {
		if f.thaw, err = NewThaw(f.o.Freeze, f.model.Store()); err != nil {
			return err
		}
	}
	if s, ok := f.o.Schedule.(*schedule.ReducePlateau); ok && f.o.Resume {
		s.Reset() // it may have seen these epochs, and later ones
	}
	for _, r := range f.p.Epochs {
		f.observe(r)
	}
	return nil
}
