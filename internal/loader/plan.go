// Package loader builds batches ahead of the loop that consumes them: by
// workers in parallel, delivered strictly in order, a bounded number at a time.
//
// Which examples make up a step is a pure function of the plan, so a run that
// is resumed at a step, or has another number of workers, sees the same batches.
package loader

import (
	"errors"
	"fmt"
	"math"

	"github.com/gotune/gotune/internal/shuffle"
)

// Plan says which examples each step takes.
type Plan struct {
	N      int // examples
	Batch  int // examples a step
	Epochs int

	// Seed of the shuffles: epoch e is in the order of PCG-DXSM seeded (Seed, e).
	Seed    uint64
	Shuffle bool

	// DropLast leaves out an epoch's last batch where it is not full.
	DropLast bool

	// Skip is the number of steps that are already done: a resumed run begins
	// behind them and builds none of them again.
	Skip int

	// Workers build batches in parallel; with 0 the consumer builds each when it
	// asks for it.
	Workers int
	// Ahead bounds the batches that are built or being built beyond the one with
	// the consumer; 0 is two for each worker.
	Ahead int

	// Order replaces the shuffle: N indices for an epoch, such as examples of
	// like length side by side. It must be a pure function, and its result is not
	// changed. It is called by the consumer's goroutine.
	Order func(epoch int) []int
}

// Validate reports every fault of the plan at once.
func (p Plan) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.N < 1 {
		bad("no examples")
	}
	if p.N > math.MaxInt32 {
		bad("%d examples: the most are %d", p.N, math.MaxInt32)
	}
	if p.Batch < 1 {
		bad("batch %d: want 1 or more", p.Batch)
	}
	if p.Epochs < 1 {
		bad("epochs %d: want 1 or more", p.Epochs)
	}
	if p.DropLast && 0 < p.N && p.N < p.Batch {
		bad("%d examples make no full batch of %d", p.N, p.Batch)
	}
	if p.Workers < 0 {
		bad("workers %d: want 0 or more", p.Workers)
	}
	if p.Ahead < 0 {
		bad("%d batches ahead: want 0 or more", p.Ahead)
	}
	if p.Skip < 0 || len(errs) == 0 && p.Skip > p.Steps() {
		bad("%d steps done of %d", p.Skip, p.Steps())
	}
	return errors.Join(errs...)
}

// StepsPerEpoch returns how many batches an epoch has; 0 for a plan that
// Validate refuses.
func (p Plan) StepsPerEpoch() int {
	if p.N < 1 || p.Batch < 1 {
		return 0
	}
	if p.DropLast {
		return p.N / p.Batch
	}
	return (p.N-1)/p.Batch + 1
}

// Steps returns the steps of all epochs, those already done included.
func (p Plan) Steps() int { return p.StepsPerEpoch() * max(p.Epochs, 0) }

// Indices returns the epoch of a step and the examples in it. Each call costs
// the shuffle of an epoch. Outside 0 ≤ step < Steps(), or where Order does not
// return N indices, idx is nil.
func (p Plan) Indices(step int) (epoch int, idx []int) {
	if step < 0 || step >= p.Steps() {
		return 0, nil
	}
	epoch = step / p.StepsPerEpoch()
	order := p.order(epoch)
	if len(order) != p.N {
		return epoch, nil
	}
	return epoch, p.slice(order, step)
}

// order returns all examples in an epoch's order, which lives as long as the
// epoch: 4 bytes of each.
func (p Plan) order(epoch int) []int32 {
	if p.Order == nil && p.Shuffle {
		return shuffle.Perm[int32](p.N, p.Seed, uint64(epoch))
	}
	if p.Order == nil {
		order := make([]int32, p.N)
		for i := range order {
			order[i] = int32(i)
		}
		return order
	}
	own := p.Order(epoch)
	order := make([]int32, len(own))
	for i, j := range own {
		order[i] = int32(j)
	}
	return order
}

// slice returns a step's examples of its epoch's order.
func (p Plan) slice(order []int32, step int) []int {
	first := step % p.StepsPerEpoch() * p.Batch
	part := order[first:min(first+p.Batch, p.N)]
	idx := make([]int, len(part))
	for k, i := range part {
		idx[k] = int(i)
	}
	return idx
}

// ahead returns the bound on batches beyond the consumer's.
func (p Plan) ahead() int {
	if p.Ahead > 0 {
		return p.Ahead
	}
	return 2 * p.Workers
}
