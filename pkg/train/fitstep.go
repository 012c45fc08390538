package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/gotune/gotune/pkg/torch"
)

// step is forward, backward, clip, update and average. Where it fails, no gradient
// is left for whoever trains the model next.
func (f *fit[B]) step(s *Step[item[B]]) (e StepEvent, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, dropGradients(f.rt, f.model.Store().Parameters()))
		}
	}()
	e = StepEvent{Step: s.Index + 1, Steps: f.plan.Steps(), Epoch: s.Batch.Epoch + 1, LR: f.o.Schedule.At(s.Index)}
	if f.thaw != nil {
		if err := f.thaw.Apply(s.Index, s.Batch.Epoch, f.o.Optimizer); err != nil {
			return e, err
		}
		e.Rates = f.thaw.Rates(e.LR)
	}
	total := f.weight(s.Batch.Batch)
	var losses []*torch.Tensor
	for _, m := range s.Batch.Batch {
		losses = append(losses, f.forwardBackward(s.Scope, m, total))
		if s.Err() != nil {
			break
		}
		e.Examples += m.batch.Size()
		e.Tokens += m.batch.Tokens()
	}
	norm := f.clip(s.Scope)
	// Here the step waits for a GPU, once: for the first of these. No update is made
	// with what is no number.
	for _, loss := range losses {
		e.Loss += s.Float(loss)
	}
	e.GradNorm = s.Float(norm)
	if err := s.Err(); err != nil {
		return e, fmt.Errorf("step %d: %w", e.Step, err)
	}
	if notFinite([]float32{float32(e.Loss)}) {
		return e, f.diverged(e, s.Batch.Batch, "loss", e.Loss)
	}
	if math.IsNaN(e.GradNorm) || math.IsInf(e.GradNorm, 0) {
		return e, f.diverged(e, s.Batch.Batch, "gradient norm", e.GradNorm)
	}
	f.o.Optimizer.Step(s.Scope, e.LR)
	if f.ema != nil {
		f.ema.Update(s.Scope)
	}
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

// clip limits the gradients, first each element and then their norm, and returns
// the norm before.
func (f *fit[B]) clip(s *torch.Scope) *torch.Tensor {
	if f.o.ClipValue == 0 {
		return f.o.Optimizer.ClipNorm(s, f.o.ClipNorm)
	}
	norm := f.o.Optimizer.ClipNorm(s, 0)
	f.o.Optimizer.ClipValue(s, f.o.ClipValue)
	if f.o.ClipNorm > 0 {
		f.o.Optimizer.ClipNorm(s, f.o.ClipNorm)
	}
	return norm
}

// forwardBackward adds the gradients of one micro-batch and returns its share of
// the step's loss, which stays on the device. The graph dies with its own scope,
// before the next begins.
func (f *fit[B]) forwardBackward(outer *torch.Scope, m micro[B], total float64) *torch.Tensor {
	return outer.Block(func(s *torch.Scope) *torch.Tensor {
		logits := f.model.Forward(s, m.batch)
		o := torch.LossOptions{LabelSmoothing: f.o.Loss.LabelSmoothing, Sum: true}
		if w := f.o.Loss.ClassWeights; w != nil {
			o.ClassWeights = s.Cast(torch.FromSlice(s, w, len(w)), torch.Float32)
		}
		// The sum over the micro-batch divided by the step's whole weight: several
		// micro-batches give the big batch's mean, also where they are uneven. A step of
		// classes of weight 0 alone teaches nothing: its loss is 0, not 0/0.
		share := 0.0
		if total > 0 {
			share = 1 / total
		}
		loss := s.MulScalar(s.CrossEntropyWith(logits, m.targets(s, len(f.model.Classes())), o), share)
		s.Backward(loss)
		return s.Detach(loss)
	})
}

// weight is what the step's summed loss is divided by: the number of examples,
// or the sum of their classes' weights.
func (f *fit[B]) weight(parts []micro[B]) float64 {
	w := 0.0
	for _, m := range parts {
		for i, y := range m.batch.Targets() {
			w += m.share * f.classWeight(y)
			if m.share < 1 {
				w += (1 - m.share) * f.classWeight(m.other(i))
			}
		}
	}
	return w
}

func (f *fit[B]) classWeight(y int64) float64 {
	if cw := f.o.Loss.ClassWeights; cw != nil && y >= 0 && int(y) < len(cw) {
		return cw[y]
	}
	return 1
}
