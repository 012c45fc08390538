package cli

import (
	"time"

	"github.com/gotune/gotune/internal/tensorboard"
	"github.com/gotune/gotune/pkg/train"
)

const boardName = "tensorboard"

// board writes a run's events for TensorBoard: the steps' figures and the
// evaluations' at the step that they came after.
type board struct {
	dir    string
	from   int           // the first step that this file tells of
	again  []train.Event // of that step, told already
	groups []string      // of the model, bottom to top
	w      *tensorboard.Writer
}

func (b *board) write(e train.Event) error {
	switch e := e.(type) {
	case train.StepEvent:
		return b.add(e.Step, b.step(e))
	case train.EpochEvent:
		points := []tensorboard.Scalar{{Tag: "epoch/train_loss", Value: e.TrainLoss}, {Tag: "epoch/seconds", Value: e.Seconds}}
		for _, v := range []struct {
			tag   string
			value *float64
		}{{"loss", e.ValLoss}, {"accuracy", e.ValAccuracy}, {"f1", e.ValF1}} {
			if v.value != nil {
				points = append(points, tensorboard.Scalar{Tag: "validation/" + v.tag, Value: *v.value})
			}
		}
		if err := b.add(e.Step, points); err != nil {
			return err
		}
		return b.w.Flush()
	case train.SavingEvent:
		// A run that goes on from this checkpoint tells of later steps alone.
		if b.w != nil {
			return b.w.Sync()
		}
	case train.UntrainedEvent:
		return b.add(0, []tensorboard.Scalar{
			{Tag: "validation/loss", Value: e.Loss}, {Tag: "validation/accuracy", Value: e.Accuracy}, {Tag: "validation/f1", Value: e.F1},
		})
	}
	return nil
}

// add makes the file at its first points: a run that had ended, and is asked to
// go on, adds none. The step that the checkpoint stands at comes again: an
// evaluation after it may have been told, or not, by who was killed since.
func (b *board) add(step int, points []tensorboard.Scalar) error {
	if b.w == nil {
		w, err := tensorboard.Create(b.dir, b.from)
		if err != nil {
			return err
		}
		b.w = w
		for _, e := range b.again {
			if err := b.write(e); err != nil {
				return err
			}
		}
	}
	return b.w.Scalars(step, time.Now(), points...)
}

func (b *board) step(e train.StepEvent) []tensorboard.Scalar {
	points := []tensorboard.Scalar{
		{Tag: "train/loss", Value: e.Loss},
		{Tag: "train/grad_norm", Value: e.GradNorm},
		{Tag: "rate/schedule", Value: e.LR},
	}
	if s := e.Duration.Seconds(); s > 0 {
		points = append(points, tensorboard.Scalar{Tag: "speed/examples_per_second", Value: float64(e.Examples) / s})
		if e.Tokens > 0 {
			points = append(points, tensorboard.Scalar{Tag: "speed/tokens_per_second", Value: float64(e.Tokens) / s})
		}
	}
	for g, rate := range e.Rates {
		if g < len(b.groups) {
			points = append(points, tensorboard.Scalar{Tag: "rate/" + b.groups[g], Value: rate})
		}
	}
	return points
}

func (b *board) close() error {
	if b.w == nil {
		return nil
	}
	return b.w.Close()
}
