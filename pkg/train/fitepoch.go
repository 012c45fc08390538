package train

import (
	"context"
	"path/filepath"
	"time"

	"github.com/gotune/gotune/pkg/schedule"
)

// endEpoch evaluates, and saves the model where it is found to be the best so far.
// Without validation data the last one is, which saveLast saves.
func (f *fit[B]) endEpoch(ctx context.Context, epoch int) error {
	r := EpochResult{Epoch: epoch, Step: f.p.Step, TrainLoss: f.p.EpochLoss / float64(f.p.EpochCount)}
	start := time.Now()
	if f.val != nil {
		score, err := f.eval(ctx)
		if err != nil {
			return err
		}
		r.ValLoss, r.ValAccuracy, r.ValF1 = &score.Loss, &score.Accuracy, &score.F1
	}
	took := time.Since(start)
	r.Seconds = f.p.EpochSeconds + took.Seconds()
	best := f.p.Best == nil || f.o.BestBy.better(r, *f.p.Best)
	if best {
		if f.val != nil {
			if err := f.keepBest(); err != nil {
				return err
			}
		}
		f.p.Best = &r
	}
	f.p.Epochs = append(f.p.Epochs, r)
	f.observe(r)
	f.p.EpochLoss, f.p.EpochCount, f.p.EpochSeconds = 0, 0, 0
	f.o.Observe(EpochEvent{EpochResult: r, Best: best, Duration: took})
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
		f.thaw.Observe(*r.ValLoss, r.Step)
	}
}

// stoppedEarly says whether the last epochs brought nothing better. The results
// so far decide, so that patience survives a restart.
func (f *fit[B]) stoppedEarly() bool {
	if f.o.EarlyStop == 0 || len(f.p.Epochs) == 0 {
		return false
	}
	metric := f.o.EarlyStopMetric
	if metric == "" {
		metric = f.o.BestBy
	}
	best := f.p.Epochs[0]
	for _, r := range f.p.Epochs[1:] {
		if metric.betterBy(r, best, f.o.EarlyStopMin) {
			best = r
		}
	}
	return f.p.Epochs[len(f.p.Epochs)-1].Epoch-best.Epoch >= f.o.EarlyStop
}

func (f *fit[B]) eval(ctx context.Context) (score Score, err error) {
	err = f.averaged(func() error {
		score, err = Eval(ctx, f.rt, f.model, f.val, EvalOptions{
			Batch: f.o.EvalBatch, Workers: f.o.Workers, Order: f.o.EvalOrder, Observe: f.o.Observe,
		})
		return err
	})
	return score, err
}

// averaged calls do with the averaged weights in the model, where there are any.
func (f *fit[B]) averaged(do func() error) error {
	if f.ema == nil {
		return do()
	}
	return f.ema.Within(do)
}

// keepBest saves the model, and copies it where it is to be restored at the end.
func (f *fit[B]) keepBest() error {
	if err := f.saveModel(); err != nil || !f.o.RestoreBest {
		return err
	}
	return f.averaged(func() error {
		s, err := newHostCopy([]part{{bestFile, f.model.Store()}})
		if err != nil {
			return err
		}
		if f.best != nil {
			f.reap(true) // a checkpoint that is being written may hold it
			f.best.free()
		}
		f.best = s
		return nil
	})
}

// saveLast saves the model where no validation data say which is the best.
func (f *fit[B]) saveLast() error {
	if f.val != nil || f.modelStep == f.p.Step {
		return nil
	}
	return f.saveModel()
}

func (f *fit[B]) saveModel() error {
	f.modelStep = f.p.Step
	if f.o.Dir == "" || f.o.SaveModel == nil {
		return nil
	}
	return f.averaged(func() error { return f.o.SaveModel(filepath.Join(f.o.Dir, "model")) })
}
