package train

import (
	"context"
	"fmt"
	"iter"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/torch"
)

// Row is what a forward pass gave for one example.
type Row struct {
	Index  int // in the data set
	Name   string
	Label  int // -1: unknown
	Values []float32
}

// Rows runs forward over data without gradients or dropout and yields a row of its
// result, [N,D] for N examples, per example, in the order walked. It is Predictions
// for what is no classifier's logits: features, for instance. A scope lives for one
// batch, so memory stays flat whatever the size. A value that is not finite is an
// error that names the example.
func Rows[B Batch](ctx context.Context, rt *torch.Runtime, forward func(*torch.Scope, B) *torch.Tensor, data Data[B], o EvalOptions) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		plan := loader.Plan{N: data.Len(), Batch: o.Batch, Epochs: 1, Workers: o.Workers, Ahead: 2 * o.Workers}
		if plan.Batch == 0 {
			plan.Batch = 32
		}
		if o.Order != nil {
			plan.N = len(o.Order)
			plan.Order = func(int) []int { return o.Order }
		}
		if plan.N == 0 {
			return
		}
		build := func(ctx context.Context, epoch, _ int, idx []int) (B, error) { return data.Batch(ctx, epoch, idx) }
		done := 0
		for item, err := range loader.Run(ctx, plan, build) {
			var values []float32
			if err == nil {
				values, err = evaluate(rt, forward, item.Batch)
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			D := len(values) / len(item.Indices)
			for i, index := range item.Indices {
				r := Row{Index: index, Name: item.Batch.Name(i), Label: int(item.Batch.Targets()[i]), Values: values[i*D : (i+1)*D]}
				if notFinite(r.Values) {
					yield(Row{}, fmt.Errorf("%s: the model's output %v %w", r.Name, abridged(r.Values), errNotFinite))
					return
				}
				if !yield(r, nil) {
					return
				}
			}
			done += len(item.Indices)
			if o.Observe != nil {
				o.Observe(EvalEvent{Done: done, Total: plan.N})
			}
		}
	}
}

// evaluate returns forward's values, [N*D], of one batch.
func evaluate[B Batch](rt *torch.Runtime, forward func(*torch.Scope, B) *torch.Tensor, b B) ([]float32, error) {
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	values := s.Floats(forward(s, b))
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(values)%b.Size() != 0 {
		return nil, fmt.Errorf("the model gave %d values for %d examples", len(values), b.Size())
	}
	return values, nil
}

// abridged is what of a long row a message shows.
func abridged(v []float32) []float32 { return v[:min(len(v), 8)] }
