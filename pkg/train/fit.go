package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"time"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
)

// Fit trains m on data and evaluates it on val, which may be nil, after each
// epoch. The best model by validation accuracy (of equals, the one with the
// lower loss) is saved as it is found; without val the last one is.
//
// When ctx ends, Fit saves a checkpoint and returns an *[Interrupted]. A loss
// that is not finite ends the run with a *[Diverged], before the update.
func Fit[B Batch](ctx context.Context, rt *torch.Runtime, m Model[B], data, val Data[B], o FitOptions) (Result, error) {
	f := &fit[B]{rt: rt, model: m, data: data, val: val, o: o}
	if err := f.prepare(); err != nil {
		return Result{}, err
	}
	err := f.run(ctx)
	return f.result(), err
}

type fit[B Batch] struct {
	rt        *torch.Runtime
	model     Model[B]
	data, val Data[B]
	o         FitOptions

	plan   loader.Plan
	params []*torch.Tensor
	p      progress
	saved  string // newest checkpoint
	thaw   *thaw  // or nil

	examples, tokens int
	elapsed          time.Duration
}

func (f *fit[B]) prepare() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	o := &f.o
	o.Accumulate = max(o.Accumulate, 1)
	if o.EarlyStop < 0 {
		bad("--early-stop: %d, want 0 (never) or more", o.EarlyStop)
	}
	if o.EarlyStop > 0 && f.val == nil {
		bad("--early-stop: there is no validation data to watch")
	}
	if o.Optimizer == nil || o.Schedule == nil {
		bad("fit: no optimizer or no schedule")
	}
	if o.Batch%o.Accumulate != 0 {
		bad("--accumulate %d does not divide --batch %d", o.Accumulate, o.Batch)
	}
	if o.ClipNorm < 0 {
		bad("--clip: %g, want 0 (off) or more", o.ClipNorm)
	}
	if !(o.Loss.LabelSmoothing >= 0 && o.Loss.LabelSmoothing < 1) {
		bad("--label-smoothing: %g, want at least 0 and less than 1", o.Loss.LabelSmoothing)
	}
	if n := len(o.Loss.ClassWeights); n > 0 && n != len(f.model.Classes()) {
		bad("%d class weights for %d classes", n, len(f.model.Classes()))
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if o.Resume {
		p, dir, err := loadCheckpoint(o.Dir, f.rt, f.model.Store(), o.Optimizer, func(dir string, err error) {
			o.Observe(CheckpointEvent{Dir: dir, Err: err})
		})
		if err != nil {
			return fmt.Errorf("resume: %w", err)
		}
		f.p, f.saved = p, dir
		o.Observe(ResumeEvent{Dir: dir, Step: p.Step})
	}
	f.params = tensors(f.model.Store().Parameters())
	f.plan = loader.Plan{
		N: f.data.Len(), Batch: o.Batch, Epochs: o.Epochs, Seed: o.Seed, Shuffle: true,
		Skip: f.p.Step, Workers: o.Workers, Ahead: 2 * o.Workers,
	}
	if err := f.plan.Validate(); err != nil {
		return err
	}
	return f.replay()
}

// replay rebuilds what follows from the epochs so far, so that no checkpoint
// needs to hold it.
func (f *fit[B]) replay() error {
	var err error
	if f.o.Freeze != nil {
		if f.thaw, err = newThaw(f.o.Freeze, f.model.Store()); err != nil {
			return err
		}
	}
	for _, r := range f.p.Epochs {
		f.observe(r)
	}
	return nil
}

// observe tells the parts that wait for plateaus of an evaluation.
func (f *fit[B]) observe(r EpochResult) {
	if r.ValLoss == nil {
		return
	}
	if s, ok := f.o.Schedule.(*schedule.ReducePlateau); ok {
		s.Observe(*r.ValLoss)
	}
	if f.thaw != nil {
		f.thaw.observe(*r.ValLoss, r.Step)
	}
}

// stoppedEarly says whether the last epochs brought nothing better.
func (f *fit[B]) stoppedEarly() bool {
	n := len(f.p.Epochs)
	return f.o.EarlyStop > 0 && n > 0 && f.p.Epochs[n-1].Epoch-f.p.Best.Epoch >= f.o.EarlyStop
}

// item is a step's micro-batches.
type item[B Batch] = loader.Item[[]B]

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

// batches builds each step's examples as Accumulate micro-batches.
func (f *fit[B]) batches(ctx context.Context) iter.Seq2[item[B], error] {
	return loader.Run(ctx, f.plan, f.build)
}

// build makes the micro-batches of a step of so many examples.
func (f *fit[B]) build(ctx context.Context, epoch, _ int, idx []int) ([]B, error) {
	var micro []B
	size := f.o.Batch / f.o.Accumulate
	for len(idx) > 0 {
		n := min(size, len(idx))
		b, err := f.data.Batch(ctx, epoch, idx[:n])
		if err != nil {
			return nil, err
		}
		micro, idx = append(micro, b), idx[n:]
	}
	return micro, nil
}

// step is forward, backward, clip and update.
func (f *fit[B]) step(s *Step[item[B]]) (StepEvent, error) {
	e := StepEvent{Step: s.Index + 1, Steps: f.plan.Steps(), Epoch: s.Batch.Epoch + 1, LR: f.o.Schedule.At(s.Index)}
	if f.thaw != nil {
		if err := f.thaw.apply(s.Index, s.Batch.Epoch, f.o.Optimizer); err != nil {
			return e, err
		}
		e.Rates = f.thaw.rates(e.LR)
	}
	total := f.weight(s.Batch.Batch)
	for _, b := range s.Batch.Batch {
		loss, err := f.forwardBackward(s.Scope, b, total)
		if err != nil {
			return e, fmt.Errorf("step %d: %w", e.Step, err)
		}
		e.Loss += loss
		e.Examples += b.Size()
		e.Tokens += b.Tokens()
	}
	if notFinite([]float32{float32(e.Loss)}) {
		return e, f.diverged(e, s.Batch.Batch, "loss", e.Loss)
	}
	norm := f.o.Optimizer.ClipNorm(s.Scope, f.o.ClipNorm)
	e.GradNorm = s.Float(norm)
	if s.Err() == nil && (math.IsNaN(e.GradNorm) || math.IsInf(e.GradNorm, 0)) {
		return e, f.diverged(e, s.Batch.Batch, "gradient norm", e.GradNorm)
	}
	f.o.Optimizer.Step(s.Scope, e.LR)
	if err := s.Err(); err != nil {
		return e, fmt.Errorf("step %d: %w", e.Step, err)
	}
	f.p.Step = e.Step
	f.p.EpochLoss += e.Loss * float64(e.Examples)
	f.p.EpochCount += e.Examples
	f.examples += e.Examples
	f.tokens += e.Tokens
	return e, nil
}

// forwardBackward adds the gradients of one micro-batch and returns its share of
// the step's loss. The graph dies with its own scope, before the next begins.
func (f *fit[B]) forwardBackward(outer *torch.Scope, b B, total float64) (float64, error) {
	s := outer.Sub(outer.Mode())
	defer s.Close()
	logits := f.model.Forward(s, b)
	o := torch.LossOptions{LabelSmoothing: f.o.Loss.LabelSmoothing, Sum: true}
	if w := f.o.Loss.ClassWeights; w != nil {
		o.ClassWeights = s.Cast(torch.FromSlice(s, w, len(w)), torch.Float32)
	}
	// The sum over the micro-batch divided by the step's whole weight: several
	// micro-batches give the big batch's mean, also where they are uneven.
	loss := s.MulScalar(s.CrossEntropyWith(logits, torch.FromSlice(s, b.Targets(), b.Size()), o), 1/total)
	value := s.Float(loss)
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		s.Backward(loss)
	}
	return value, s.Err()
}

// weight is what the step's summed loss is divided by: the number of examples,
// or the sum of their classes' weights.
func (f *fit[B]) weight(micro []B) float64 {
	w := 0.0
	for _, b := range micro {
		for _, y := range b.Targets() {
			if cw := f.o.Loss.ClassWeights; cw != nil && int(y) < len(cw) {
				w += cw[y]
			} else {
				w++
			}
		}
	}
	return w
}

// after evaluates and saves, where the step was an epoch's last or a checkpoint
// is due.
func (f *fit[B]) after(ctx context.Context, it item[B]) error {
	if it.EpochEnd {
		if err := f.endEpoch(ctx, it.Epoch+1); err != nil {
			return err
		}
	}
	due := it.EpochEnd
	if n := f.o.CheckpointEvery; n > 0 {
		due = due || f.p.Step%n == 0
	}
	if due && f.o.Dir != "" {
		f.checkpoint()
	}
	return nil
}

func (f *fit[B]) endEpoch(ctx context.Context, epoch int) error {
	r := EpochResult{Epoch: epoch, Step: f.p.Step, TrainLoss: f.p.EpochLoss / float64(f.p.EpochCount)}
	start := time.Now()
	if f.val != nil {
		score, err := f.eval(ctx)
		if err != nil {
			return err
		}
		r.ValLoss, r.ValAccuracy = &score.Loss, &score.Accuracy
	}
	took := time.Since(start)
	r.Seconds = f.p.EpochSeconds + took.Seconds()
	best := f.p.Best == nil || r.ValAccuracy == nil || *r.ValAccuracy > *f.p.Best.ValAccuracy ||
		*r.ValAccuracy == *f.p.Best.ValAccuracy && *r.ValLoss < *f.p.Best.ValLoss
	if best {
		if err := f.saveModel(); err != nil {
			return err
		}
		f.p.Best = &r
	}
	f.p.Epochs = append(f.p.Epochs, r)
	f.observe(r)
	f.p.EpochLoss, f.p.EpochCount, f.p.EpochSeconds = 0, 0, 0
	f.o.Observe(EpochEvent{EpochResult: r, Best: best, Duration: took})
	return nil
}

func (f *fit[B]) eval(ctx context.Context) (Score, error) {
	return Eval(ctx, f.rt, f.model, f.val, EvalOptions{
		Batch: f.o.EvalBatch, Workers: f.o.Workers, Order: f.o.EvalOrder, Observe: f.o.Observe,
	})
}

func (f *fit[B]) saveModel() error {
	if f.o.Dir == "" || f.o.SaveModel == nil {
		return nil
	}
	return f.o.SaveModel(filepath.Join(f.o.Dir, "model"))
}

// checkpoint saves one. A failure, such as a full disk, does not end the run:
// the earlier checkpoint is whole, and the next one may succeed.
func (f *fit[B]) checkpoint() {
	dir, err := saveCheckpoint(f.o.Dir, f.o.Keep, f.rt, f.model.Store(), f.o.Optimizer, f.p)
	if err == nil {
		f.saved = dir
	}
	f.o.Observe(CheckpointEvent{Dir: dir, Step: f.p.Step, Err: err})
}

// stop ends the run on err: where ctx has ended, with what was reached saved.
func (f *fit[B]) stop(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	e := &Interrupted{Step: f.p.Step}
	if f.o.Dir == "" {
		return e
	}
	e.Checkpoint, e.Err = saveCheckpoint(f.o.Dir, f.o.Keep, f.rt, f.model.Store(), f.o.Optimizer, f.p)
	if e.Err == nil && f.p.Best == nil {
		e.Err = f.saveModel() // no epoch has ended: the model so far is the best
	}
	return e
}

func (f *fit[B]) result() Result {
	return Result{
		Steps: f.p.Step, Untrained: f.p.Untrained, Epochs: f.p.Epochs, Best: f.p.Best,
		Examples: f.examples, Tokens: f.tokens, Duration: f.elapsed,
	}
}
