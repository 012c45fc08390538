package loader

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// crew is the workers and what lies between them and the consumer.
//
// The consumer's goroutine hands out the steps itself, at most ahead of them,
// and waits for the oldest. So nothing needs to be put in order, and nothing
// runs on that the consumer does not know of.
type crew[B any] struct {
	steps   steps[B]
	build   Build[B]
	jobs    chan *job[B] // holds ahead: handing out never blocks
	pending []*job[B]    // handed out and not delivered, oldest first
	workers sync.WaitGroup
}

// job is a step under way; done is closed when the rest is written.
type job[B any] struct {
	item  Item[B]
	err   error
	panic any // what build panicked with, and its stack
	done  chan struct{}
}

func hire[B any](ctx context.Context, p Plan, build Build[B]) *crew[B] {
	c := &crew[B]{steps: steps[B]{p: p, next: p.Skip}, build: build, jobs: make(chan *job[B], p.ahead())}
	for range min(p.Workers, p.ahead()) {
		c.workers.Go(func() {
			for j := range c.jobs {
				c.do(ctx, j)
			}
		})
	}
	return c
}

// dismiss ends the workers and waits for them.
func (c *crew[B]) dismiss(cancel func()) {
	cancel()
	close(c.jobs)
	c.workers.Wait()
}

func (c *crew[B]) run(ctx context.Context, yield func(Item[B], error) bool) {
	for c.handOut(); len(c.pending) > 0; {
		j := c.pending[0]
		c.pending[0] = nil // the consumer alone holds the batch from here
		c.pending = c.pending[1:]
		select {
		case <-j.done:
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			// A worker may still write the batch, so the item is made anew.
			yield(Item[B]{Step: j.item.Step, Epoch: j.item.Epoch, EpochEnd: j.item.EpochEnd, Indices: j.item.Indices}, err)
			return
		}
		if j.panic != nil {
			panic(j.panic)
		}
		if j.err != nil {
			yield(j.item, j.err)
			return
		}
		c.handOut() // so that the workers are busy while the consumer is
		if !yield(j.item, nil) {
			return
		}
	}
}

// handOut fills up pending. The steps end with the last one or an order that is
// no order; its error waits its turn.
func (c *crew[B]) handOut() {
	for len(c.pending) < cap(c.jobs) && c.steps.more() {
		j := &job[B]{done: make(chan struct{})}
		if j.item, j.err = c.steps.take(); j.err != nil {
			close(j.done)
			c.pending, c.steps.next = append(c.pending, j), c.steps.p.Steps()
			return
		}
		c.jobs <- j
		c.pending = append(c.pending, j)
	}
}

// do builds one batch. After cancel the steps still in the channel are passed
// over.
func (c *crew[B]) do(ctx context.Context, j *job[B]) {
	defer close(j.done)
	if j.err = ctx.Err(); j.err != nil {
		return
	}
	// A worker's panic would end the process past the consumer's defers. A build
	// that ends its goroutine (t.FailNow in a test) must not leave the consumer
	// waiting.
	j.err = errors.New("loader: the build of a batch ended its goroutine")
	defer func() {
		if v := recover(); v != nil {
			j.panic = fmt.Sprintf("%v\n\nbuilding the batch of step %d:\n%s", v, j.item.Step, debug.Stack())
		}
	}()
	j.item.Batch, j.err = c.build(ctx, j.item.Epoch, j.item.Step, j.item.Indices)
}
