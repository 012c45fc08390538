package loader

import (
	"context"
	"iter"
	"runtime"
)

// Source gives batches by index: the data sets of pkg/text and pkg/vision, and of
// one's own.
type Source[B any] interface {
	Len() int
	Batch(ctx context.Context, epoch int, indices []int) (B, error)
}

// Epochs yields the batches of so many passes over src, each in its own seeded
// order, made ahead by a worker per core.
func Epochs[B any](ctx context.Context, src Source[B], epochs, batch int, seed uint64) iter.Seq2[B, error] {
	workers := runtime.GOMAXPROCS(0)
	plan := Plan{
		N: src.Len(), Batch: batch, Epochs: epochs, Seed: seed, Shuffle: true, Workers: workers, Ahead: 2 * workers,
	}
	build := func(ctx context.Context, epoch, _ int, idx []int) (B, error) { return src.Batch(ctx, epoch, idx) }
	return func(yield func(B, error) bool) {
		for item, err := range Run(ctx, plan, build) {
			if !yield(item.Batch, err) {
				return
			}
		}
	}
}
