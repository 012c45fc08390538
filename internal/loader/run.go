package loader

import (
	"context"
	"fmt"
	"iter"
)

// Item is one step's batch.
type Item[B any] struct {
	Step     int // 0-based, counted over all epochs
	Epoch    int
	EpochEnd bool  // the epoch's last step
	Indices  []int // the examples
	Batch    B
}

// Build makes the batch of a step. It may run on several goroutines at once and
// out of order, so what it draws at random must come from epoch, step and idx
// alone.
type Build[B any] = func(ctx context.Context, epoch, step int, idx []int) (B, error)

// Run yields the batches of p's steps from Skip on, in order.
//
// The first error, in the order of steps, is yielded with an Item that says
// where, and ends the sequence; so does the end of ctx. Whatever ends the loop,
// break, return, panic or an error, all workers have ended when it is left; the
// context that build gets is cancelled for that. A panic of build is a panic of
// the loop.
func Run[B any](ctx context.Context, p Plan, build Build[B]) iter.Seq2[Item[B], error] {
	return func(yield func(Item[B], error) bool) {
		if err := p.Validate(); err != nil {
			yield(Item[B]{}, fmt.Errorf("loader: %w", err))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if p.Workers == 0 {
			inline(ctx, p, build, yield)
			return
		}
		crew := hire(ctx, p, build)
		defer crew.dismiss(cancel)
		crew.run(ctx, yield)
	}
}

// steps hands out the items, without their batches, one after the other.
type steps[B any] struct {
	p     Plan
	next  int
	order []int32 // of the next step's epoch, nil before its first
}

func (s *steps[B]) more() bool { return s.next < s.p.Steps() }

func (s *steps[B]) take() (item Item[B], err error) {
	per := s.p.StepsPerEpoch()
	item.Step, item.Epoch = s.next, s.next/per
	item.EpochEnd = s.next%per == per-1
	if s.order == nil {
		s.order = s.p.order(item.Epoch)
	}
	if len(s.order) != s.p.N {
		return item, fmt.Errorf("loader: the order of epoch %d has %d examples, want %d", item.Epoch, len(s.order), s.p.N)
	}
	item.Indices = s.p.slice(s.order, s.next)
	if s.next++; item.EpochEnd {
		s.order = nil
	}
	return item, nil
}

// inline builds each batch when it is asked for.
func inline[B any](ctx context.Context, p Plan, build Build[B], yield func(Item[B], error) bool) {
	s := steps[B]{p: p, next: p.Skip}
	for s.more() {
		item, err := s.take()
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			item.Batch, err = build(ctx, item.Epoch, item.Step, item.Indices)
		}
		if !yield(item, err) || err != nil {
			return
		}
	}
}
