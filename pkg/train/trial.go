package train

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
)

// Trial runs single steps of a run that does not take place, to learn what they
// cost: forward, backward, clipping and an update at rate 0, which makes the
// optimiser's state and leaves every parameter as it is, bit for bit.
type Trial[B Batch] struct {
	f    *fit[B]
	kept *Snapshot
}

// TrialCost is what one step of a Trial took.
type TrialCost struct {
	Build    time.Duration // of the batch, by one worker
	Compute  time.Duration // on the training thread
	Examples int
	Tokens   int // without padding; 0 for images
	Loss     float64
}

// NewTrial prepares the run of Fit with the same arguments; Schedule and Dir are
// not used. Close it to put back what steps change beside the parameters:
// running statistics, which parameters train, generators.
func NewTrial[B Batch](rt *torch.Runtime, m Model[B], data Data[B], o FitOptions) (*Trial[B], error) {
	o.Schedule = schedule.Func(func(int) float64 { return 0 })
	o.Dir, o.Resume, o.EarlyStop, o.RestoreBest, o.Observe = "", false, 0, false, nil
	t := &Trial[B]{f: &fit[B]{rt: rt, model: m, data: data, o: o, single: true}}
	if err := t.f.prepare(); err != nil {
		t.f.close()
		return nil, err
	}
	var err error
	if t.kept, err = takeSnapshot(rt, m.Store(), func(p *torch.Parameter) bool { return p.Buffer }); err != nil {
		t.f.close()
		return nil, err
	}
	return t, nil
}

// Batches yields the examples of every step of the run, by step from 0, without
// making the batches.
func (t *Trial[B]) Batches(ctx context.Context) iter.Seq2[int, []int] {
	plan := t.f.plan
	plan.Workers, plan.Ahead = 0, 0
	nothing := func(context.Context, int, int, []int) (struct{}, error) { return struct{}{}, nil }
	return func(yield func(int, []int) bool) {
		for item, err := range loader.Run(ctx, plan, nothing) {
			if err != nil || !yield(item.Step, item.Indices) {
				return
			}
		}
	}
}

// Examples returns the examples of a step of the run.
func (t *Trial[B]) Examples(step int) []int {
	_, idx := t.f.plan.Indices(step)
	return idx
}

// Step runs the step of that index on these examples, which need not be the
// step's own: as many of them, split into as many micro-batches, with what
// trains at that step training.
func (t *Trial[B]) Step(ctx context.Context, step int, examples []int) (cost TrialCost, err error) {
	it := item[B]{Step: step, Epoch: step / max(t.f.plan.StepsPerEpoch(), 1), Indices: examples}
	start := time.Now()
	if it.Batch, err = t.f.build(ctx, it.Epoch, step, examples); err != nil {
		return cost, err
	}
	cost.Build = time.Since(start)
	one := func(yield func(item[B], error) bool) { yield(it, nil) }
	for s, err := range StepsFrom(ctx, t.f.rt, step, one) {
		if err != nil {
			return cost, err
		}
		start = time.Now()
		e, err := t.f.step(s)
		if err != nil {
			return cost, fmt.Errorf("trial: %w", err)
		}
		cost.Compute, cost.Examples, cost.Tokens, cost.Loss = time.Since(start), e.Examples, e.Tokens, e.Loss
	}
	return cost, nil
}

// Eval runs the model on these examples of data as an evaluation does.
func (t *Trial[B]) Eval(ctx context.Context, data Data[B], examples []int) (TrialCost, error) {
	start := time.Now()
	b, err := data.Batch(ctx, 0, examples)
	if err != nil {
		return TrialCost{}, err
	}
	cost := TrialCost{Build: time.Since(start), Examples: b.Size(), Tokens: b.Tokens()}
	start = time.Now()
	_, err = evaluate(t.f.rt, t.f.model.Forward, b)
	cost.Compute = time.Since(start)
	return cost, err
}

// Close puts back what the steps changed.
func (t *Trial[B]) Close() error {
	t.f.close()
	return t.kept.Restore()
}
