package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
)

// lengthFlags say what is done about texts of unequal length in a batch.
type lengthFlags struct {
	GroupByLength  bool `help:"Make each batch of texts of like length, so that little is padded: windows of up to 50 shuffled batches are sorted by length, and their batches shuffled." group:"Recipe" yaml:"group-by-length"`
	MaxBatchTokens int  `default:"0" help:"Split a step of more tokens, its texts times the longest of them, into parts of at most so many, ordered by length, to save memory; a longer text is a part of its own. The result is the same, but for dropout: its masks are others. 0: no limit." placeholder:"N" group:"Recipe" yaml:"max-batch-tokens"`
}

// validate reports every fault at once, and what does nothing with such a batch.
func (f lengthFlags) validate(batch int) error {
	var errs []error
	if f.MaxBatchTokens < 0 {
		errs = append(errs, fmt.Errorf("--max-batch-tokens: %d, want 0 (no limit) or more", f.MaxBatchTokens))
	}
	if f.MaxBatchTokens > 0 && batch == 1 {
		errs = append(errs, errors.New("--max-batch-tokens: with --batch 1 there is nothing to split"))
	}
	if f.GroupByLength && batch == 1 {
		errs = append(errs, errors.New("--group-by-length: with --batch 1 there is nothing to group"))
	}
	return errors.Join(errs...)
}

// lengths returns the training texts' tokens where batches are made by them; nil:
// they are not.
func (s *sets) lengths(ctx context.Context, env *cli.Env, o *options) ([]int, error) {
	if !o.GroupByLength {
		return nil, nil
	}
	observe, done := env.Counter("measuring texts")
	defer done()
	return s.training.Lengths(ctx, o.WorkerCount(), observe)
}
