package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gotune/gotune/internal/featurefile"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// FeatureFlags are those of features that do not depend on the kind of model.
type FeatureFlags struct {
	Out string `required:"" help:"File to write: F.npy, a float32 matrix [examples, features], with F.labels.csv beside it; or F.parquet, with columns input, label and feature." placeholder:"FILE"`
}

// Validate reports every fault at once.
func (f FeatureFlags) Validate() error {
	if f.Out == "" {
		return errors.New("--out: missing: the file to write, F.npy or F.parquet")
	}
	if err := featurefile.Check(f.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if info, err := os.Stat(f.Out); err == nil && info.IsDir() {
		return fmt.Errorf("--out: %s is a folder, want a file", f.Out)
	}
	// Told before the features are computed.
	dir := filepath.Dir(f.Out)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--out: %s: there is no folder %s", f.Out, dir)
	case err == nil && !info.IsDir():
		return fmt.Errorf("--out: %s: %s is no folder", f.Out, dir)
	}
	return nil
}

// create begins the file; its name for as long as it is not whole is nobody's concern.
func (f FeatureFlags) create(n int) (featurefile.Writer, error) {
	w, err := featurefile.Create(f.Out, n)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("%s: %w", f.Out, e.Err)
	}
	if err != nil {
		return nil, Usagef("--out: %w", err)
	}
	return w, nil
}

// Features writes what forward gives for each example of data, in data's order,
// with its name and its label. classes name the labels.
func Features[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, forward func(*torch.Scope, B) *torch.Tensor,
	data train.Data[B], classes []string, f FeatureFlags, o train.EvalOptions,
) error {
	if data.Len() == 0 {
		return Usagef("no examples")
	}
	w, err := f.create(data.Len())
	if err != nil {
		return err
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
	fmt.Fprintf(env.Stderr, "wrote    %s: %s of %s, %.1f a second\n",
		f.Out, plural.Of(data.Len(), "examples"), plural.Of(width, "features"), float64(data.Len())/time.Since(start).Seconds())
	return nil
}
