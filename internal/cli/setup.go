package cli

import (
	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// setup makes of the flags what train.Fit takes: all but what depends on the
// run's folder. The optimiser is to be closed.
func setup[B train.Batch](rt *torch.Runtime, t Task[B], o TrainOptions) (fit train.FitOptions, err error) {
	steps := loader.Plan{N: t.Train.Len(), Batch: o.Flags.Batch, Epochs: o.Flags.Epochs}
	lr, err := o.Flags.schedule(steps.Steps())
	if err != nil {
		return fit, err
	}
	plan, err := o.Flags.plan(t.Model, steps.StepsPerEpoch())
	if err != nil {
		return fit, err
	}
	if t.Val == nil {
		if err := o.Flags.withoutValidation(); err != nil {
			return fit, err
		}
	}
	every, err := train.ParseCadence(o.Flags.CheckpointEvery)
	if err != nil {
		return fit, Usagef("--checkpoint-every: %w", err)
	}
	opt, err := train.NewAdam(rt, t.Model.Store().Parameters(), t.Adam)
	if err != nil {
		return fit, Usage(err)
	}
	return train.FitOptions{
		Epochs: o.Flags.Epochs, Batch: o.Flags.Batch, Accumulate: o.Flags.Accumulate,
		Seed: o.Machine.Seed, Workers: o.Machine.WorkerCount(),
		Optimizer: opt, Schedule: lr, ClipNorm: o.Flags.Clip, ClipValue: o.Flags.ClipValue,
		EMA: o.Flags.EMA, Mix: t.Mix, Order: t.order(o), Freeze: plan, MaxBatchTokens: t.MaxBatchTokens,
		BestBy: train.Metric(o.Flags.BestBy), EarlyStop: o.Flags.EarlyStop,
		EarlyStopMetric: train.Metric(o.Flags.EarlyStopMetric), EarlyStopMin: o.Flags.EarlyStopMin,
		Loss:      o.Flags.loss(t.Train.Labels(), len(t.Model.Classes())),
		EvalBatch: o.Flags.EvalBatch, EvalOrder: t.Order, EvalFirst: o.Flags.EvalFirst,
		CheckpointEvery: every, Keep: o.Flags.Keep,
	}, nil
}

// order is that of the training examples in each epoch; nil: shuffled.
func (t Task[B]) order(o TrainOptions) func(epoch int) []int {
	order := o.Flags.order(t.Train.Labels(), o.Machine.Seed)
	if t.Lengths == nil {
		return order
	}
	return train.GroupedOrder(t.Lengths, o.Flags.Batch, o.Machine.Seed, order)
}
