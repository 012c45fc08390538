package train

import (
	"context"
	"fmt"
	"iter"

	"github.com/gotune/gotune/pkg/torch"
)

// Step is one pass through the loop's body: a batch, and the scope that owns
// every tensor made from it.
type Step[B any] struct {
	*torch.Scope
	Index int // from 0
	Batch B
}

// Steps walks through batches. In the loop's body tensors are made through the
// step's scope, in training mode; all are freed when the body ends, also by
// break, return or panic. An error of the batches, of an operation in the body
// (where the scope kept it) or of ctx comes out once, with a nil step, and ends
// the loop. A body that breaks has to ask the step's Err itself: it leaves no next
// turn for the error to come out in.
//
// Two sources of batches are walked through at once by making one sequence of them, not
// by iter.Pull in the body: see [torch], Threads.
//
// The loop, in the order in which things happen:
//
//	for s, err := range train.Steps(ctx, rt, ds.Epochs(ctx, 2, 32, 42)) {
//		if err != nil {
//			return fmt.Errorf("fine-tune: %w", err)
//		}
//		x, y := s.Batch.Tensors(s.Scope)
//		loss := s.CrossEntropy(model.Logits(s.Scope, x), y)
//		s.Backward(loss)
//		opt.ClipNorm(s.Scope, 1.0)
//		opt.Step(s.Scope, lr.At(s.Index))
//	}
func Steps[B any](ctx context.Context, rt *torch.Runtime, batches iter.Seq2[B, error]) iter.Seq2[*Step[B], error] {
	return StepsFrom(ctx, rt, 0, batches)
}

// StepsFrom is Steps with the first index given: a run that goes on.
func StepsFrom[B any](ctx context.Context, rt *torch.Runtime, start int, batches iter.Seq2[B, error]) iter.Seq2[*Step[B], error] {
	return func(yield func(*Step[B], error) bool) {
		i := start
		for batch, err := range batches {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			more, err := body(rt, &Step[B]{Index: i, Batch: batch}, yield)
			if err != nil && more {
				yield(nil, fmt.Errorf("step %d: %w", i, err))
				return
			}
			if !more {
				return
			}
			i++
		}
	}
}

// body opens the step's scope, runs the loop's body and closes the scope,
// whatever way the body ends.
func body[B any](rt *torch.Runtime, s *Step[B], yield func(*Step[B], error) bool) (more bool, err error) {
	s.Scope = rt.Scope(rt.TrainMode())
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	return yield(s, nil), nil
}
