package train

import (
	"context"

	"github.com/gotune/gotune/internal/loader"
)

// Divisible is a batch whose examples differ in length, and which can be computed
// in parts: texts.
type Divisible[B Batch] interface {
	Length(i int) int     // tokens of the i-th example without padding
	Part(indices []int) B // these examples, padded to the longest of them
}

// build makes the micro-batches of a step of so many examples, blended where
// that is asked for. They are a pure function of epoch, step and examples.
func (f *fit[B]) build(ctx context.Context, epoch, step int, idx []int) ([]micro[B], error) {
	split := f.split
	if f.o.MaxBatchTokens > 0 {
		split = f.splitByTokens
	}
	batches, err := split(ctx, epoch, idx)
	if err != nil {
		return nil, err
	}
	parts := make([]micro[B], len(batches))
	for i, b := range batches {
		parts[i] = micro[B]{batch: b, share: 1}
	}
	mix(f.o.Mix, f.o.Seed, step, parts)
	return parts, nil
}

// micro is the most examples of a micro-batch.
func (f *fit[B]) micro() int { return f.o.Batch / f.o.Accumulate }

// split makes micro-batches of equal size in the step's order.
func (f *fit[B]) split(ctx context.Context, epoch int, idx []int) (parts []B, err error) {
	for len(idx) > 0 {
		n := min(f.micro(), len(idx))
		b, err := f.data.Batch(ctx, epoch, idx[:n])
		if err != nil {
			return nil, err
		}
		parts, idx = append(parts, b), idx[n:]
	}
	return parts, nil
}

// splitByTokens makes micro-batches of at most MaxBatchTokens with padding. How
// long a text is shows when it is tokenized, so the whole step is, and then cut.
func (f *fit[B]) splitByTokens(ctx context.Context, epoch int, idx []int) ([]B, error) {
	whole, err := f.data.Batch(ctx, epoch, idx)
	if err != nil {
		return nil, err
	}
	texts, ok := any(whole).(Divisible[B])
	if !ok { // validate has refused it
		return []B{whole}, nil
	}
	lengths := make([]int, whole.Size())
	for i := range lengths {
		lengths[i] = texts.Length(i)
	}
	cuts := loader.Cut(lengths, f.micro(), f.o.MaxBatchTokens)
	if len(cuts) == 1 {
		return []B{whole}, nil
	}
	parts := make([]B, len(cuts))
	for i, c := range cuts {
		parts[i] = texts.Part(c)
	}
	return parts, nil
}
