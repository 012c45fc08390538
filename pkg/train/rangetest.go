package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
)

// RangeTest trains m on data with the rates of sweep, one a step, until the last
// rate or a loss that diverges, and returns the losses, which sweep.Report reads.
// It then puts m back as it was: parameters, running statistics, which of them
// train, and libtorch's generators. The optimiser should be one of its own, for
// its state is spent.
//
// Batch, Accumulate, Loss, ClipNorm, Workers and the like are o's, and what
// trains is what o.Freeze says of the start of training. Schedule, Epochs, Dir
// and what else a run has are not used. When ctx ends, so does the sweep, with
// ctx's error.
func RangeTest[B Batch](ctx context.Context, rt *torch.Runtime, m Model[B], data Data[B], o FitOptions, sweep *schedule.RangeTest) (losses []float64, err error) {
	kept, err := TakeSnapshot(rt, m.Store())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, kept.Restore()) }()
	o.Schedule, o.Dir, o.Resume, o.EarlyStop, o.RestoreBest, o.EMA = sweep, "", false, 0, false, 0
	per := max(1, (data.Len()+max(o.Batch, 1)-1)/max(o.Batch, 1))
	o.Epochs = (sweep.Steps() + per - 1) / per
	f := &fit[B]{rt: rt, model: m, data: data, o: o, single: true}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	if f.thaw != nil {
		// Once, for the start of training: small data would come to later epochs.
		if err := f.thaw.Apply(0, 0, o.Optimizer); err != nil {
			return nil, err
		}
		f.thaw = nil
	}
	start := time.Now()
	for s, err := range StepsFrom(ctx, rt, 0, f.batches(ctx)) {
		if err != nil {
			return losses, err
		}
		e, err := f.step(s)
		var d *Diverged
		switch {
		case errors.As(err, &d):
			return append(losses, math.Inf(1)), nil
		case err != nil:
			return losses, fmt.Errorf("range test: %w", err)
		}
		losses = append(losses, e.Loss)
		e.Steps, e.Duration = sweep.Steps(), time.Since(start)
		start = time.Now()
		f.o.Observe(e)
		if len(losses) == sweep.Steps() || sweep.Diverged(losses) {
			return losses, nil
		}
	}
	return losses, nil
}
