package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/gotune/gotune/internal/featurefile"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// FeatureFlags are those of features that do not depend on the kind of model.
type FeatureFlags struct {
	Out string `required:"" help:"File to write: F.npy, a float32 matrix [examples, features], with F.labels.csv beside it; or F.parquet, with columns input, label and feature." placeholder:"FILE"`
}

// Validate reports every fault at once.
func (f FeatureFlags) Validate() error {
	if err := featurefile.Check(f.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// Features writes what forward gives for each example of data, in data's order,
// with its name and its label. classes name the labels.
func Features[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, forward func(*torch.Scope, B) *torch.Tensor,
	data train.Data[B], classes []string, f FeatureFlags, o train.EvalOptions,
) error {
	if data.Len() == 0 {
		return Usagef("no examples")
	}
	w, err := featurefile.Create(f.Out, data.Len())
	if err != nil {
		return Usagef("--out: %w", err)
	}
	defer w.Abort()
	bar := newProgress(env)
	defer bar.close()
	o.Observe = bar.observe
	start, width := time.Now(), 0
	for r, err := range train.Rows(ctx, rt, forward, data, o) {
		if err != nil {
			return err
		}
		row := featurefile.Row{Input: r.Name, Values: r.Values}
		if r.Label >= 0 && r.Label < len(classes) {
			row.Label = classes[r.Label]
		}
		width = len(r.Values)
		if err := w.Write(row); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	bar.close()
	fmt.Fprintf(env.Stderr, "wrote    %s: %d examples of %d features, %.1f a second\n",
		f.Out, data.Len(), width, float64(data.Len())/time.Since(start).Seconds())
	return nil
}
