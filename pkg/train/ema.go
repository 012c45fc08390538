package train

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/pkg/torch"
)

// EMA is an exponential moving average of a model's weights: after each step
// average ← decay·average + (1-decay)·weights, beginning with the weights after
// the first one. Buffers, such as running statistics, are copied. It is what
// torch.optim.swa_utils' AveragedModel computes with get_ema_multi_avg_fn.
type EMA struct {
	model *torch.Store
	store *torch.Store
	decay float64
	begun bool // there has been an update
	in    bool // the averages are in the model's tensors
}

// NewEMA returns an average of the model's tensors, which holds a copy of each.
// A decay that is not above 0 and below 1 is an error. Close it when done.
func NewEMA(rt *torch.Runtime, model *torch.Store, decay float64) (*EMA, error) {
	if err := checkDecay(decay); err != nil {
		return nil, err
	}
	e := &EMA{model: model, store: rt.NewStore(), decay: decay}
	for _, p := range model.All() {
		if _, err := e.store.Buffer(p.Name, p.T.DType(), torch.Constant(0), p.T.Shape()...); err != nil {
			e.Close()
			return nil, fmt.Errorf("average of weights: %w", err)
		}
	}
	return e, nil
}

func checkDecay(decay float64) error {
	if !(decay > 0 && decay < 1) {
		return fmt.Errorf("--ema: %g, want more than 0 and less than 1", decay)
	}
	return nil
}

// Update takes the weights after a step into the average. While the averages are
// in the model it is an error of the scope.
func (e *EMA) Update(outer *torch.Scope) {
	s := outer.NoGrad()
	defer s.Close()
	if e.in {
		s.Fail(errors.New("average of weights: updated while the averages are in the model"))
		return
	}
	averages := e.store.All()
	for i, p := range e.model.All() {
		if e.begun && !p.Buffer {
			s.Lerp_(averages[i].T, p.T, 1-e.decay)
		} else {
			s.Copy_(averages[i].T, p.T)
		}
	}
	e.begun = true
}

// Within calls do while the model holds the averages, and gives it its own
// weights back. Before the first update the weights are their own average.
func (e *EMA) Within(do func() error) (err error) {
	if e.in || !e.begun {
		return do()
	}
	if err := e.Swap(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Swap()) }()
	return do()
}

// Swap exchanges the model's weights and the averages, copying nothing: for
// good at a training's end, or until it is called again.
func (e *EMA) Swap() error {
	if !e.begun {
		return nil
	}
	if err := e.model.Swap(e.store); err != nil {
		return fmt.Errorf("average of weights: %w", err)
	}
	e.in = !e.in
	return nil
}

// Store holds the averages under the model's names, for a checkpoint.
func (e *EMA) Store() *torch.Store { return e.store }

// Restore takes the averages from w, a checkpoint's file.
func (e *EMA) Restore(w *torch.WeightFile) error {
	e.begun = true
	return e.store.CopyFrom(w)
}

// Close frees the averages, or, after Swap, the weights in their place.
func (e *EMA) Close() { e.store.Close() }
