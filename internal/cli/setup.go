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
	opt, err := train.NewAdam(rt, t.Model.Store().Parameters(), t.Adam)
	if err != nil {
		return fit, Usage(err)
	}
	return train.FitOptions{
		Epochs: o.Flags.Epochs, Batch: o.Flags.Batch, Accumulate: o.Flags.Accumulate,
		Seed: o.Machine.Seed, Workers: o.Machine.WorkerCount(),
		Optimizer: opt, Schedule: lr, ClipNorm: o.Flags.Clip,
		Freeze: plan, EarlyStop: o.Flags.EarlyStop,
		Loss:      o.Flags.loss(t.Train.Labels(), len(t.Model.Classes())),
		EvalBatch: o.Flags.EvalBatch, EvalOrder: t.Order, EvalFirst: o.Flags.EvalFirst,
		CheckpointEvery: o.Flags.CheckpointEvery, Keep: o.Flags.Keep,
	}, nil
}
