package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/gotune/gotune/internal/plots"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// RangeFlags are those of the verb lr beside train's.
type RangeFlags struct {
	Min   float64 `default:"1e-7" help:"First rate of the sweep." group:"Sweep"`
	Max   float64 `default:"1" help:"Last rate; a loss that diverges ends the sweep before." group:"Sweep"`
	Steps int     `default:"100" help:"Rates to try, one a batch, each a constant factor above the last." group:"Sweep"`
	Plot  string  `default:"" help:"Also draw the sweep into this file, a .png or .svg." placeholder:"FILE" group:"Sweep"`
	JSON  bool    `name:"json" help:"End with one JSON object on stdout." group:"Sweep"`
}

// Validate reports every fault at once.
func (f RangeFlags) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !(f.Min > 0) {
		bad("--min: %g, want more than 0", f.Min)
	}
	if !(f.Max > f.Min && f.Max <= 1000) {
		bad("--max: %g, want more than --min %g and at most 1000", f.Max, f.Min)
	}
	if f.Steps < 10 {
		bad("--steps: %d, want 10 or more: fewer losses have no slope", f.Steps)
	}
	if f.Plot != "" {
		if _, err := plots.FormatOf(f.Plot); err != nil {
			bad("--plot: %w", err)
		} else if _, err := os.Stat(filepath.Dir(f.Plot)); err != nil {
			bad("--plot: %w", err)
		}
	}
	return errors.Join(errs...)
}

// rangeResult is the JSON object of the verb lr.
type rangeResult struct {
	Steps    int  `json:"steps"`   // done
	Planned  int  `json:"planned"` // of the whole sweep
	Diverged bool `json:"diverged"`
	*schedule.RangeReport
	Plot string `json:"plot,omitempty"`
}

// RangeTest sweeps the learning rate on what t's flags describe, shows the losses
// and suggests a rate. Neither the model nor any run's folder changes.
func RangeTest[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, t Task[B], o TrainOptions, f RangeFlags) error {
	sweep, err := schedule.NewRangeTest(schedule.RangeTestOptions{Lo: f.Min, Hi: f.Max, Steps: f.Steps})
	if err != nil {
		return Usage(err)
	}
	fit, err := setup(rt, t, o)
	if err != nil {
		return err
	}
	defer fit.Optimizer.Close()
	env.training.Store(true)
	bar := newProgress(env)
	defer bar.close()
	bar.printf("model    %s", t.Source)
	bar.printf("sweep    %d rates from %g to %g, batches of %s", sweep.Steps(), f.Min, f.Max, plural.Of(fit.Batch, t.Unit))
	fit.Observe = bar.observe
	losses, err := train.RangeTest(ctx, rt, train.Model[B](t.Model), train.Data[B](t.Train), fit, sweep)
	bar.close()
	if err != nil {
		return err
	}
	report, none := sweep.Report(losses)
	r := rangeResult{Steps: len(losses), Planned: sweep.Steps(), Diverged: sweep.Diverged(losses), RangeReport: report}
	if report == nil {
		return none
	}
	if f.Plot != "" {
		if err := drawRangeTest(f.Plot, report); err != nil {
			return err
		}
		r.Plot = f.Plot
	}
	if err := env.printRangeTest(r, f.JSON); err != nil || none == nil {
		return err
	}
	return fmt.Errorf("%w; try more --steps, a larger --batch, or another range", none)
}

func drawRangeTest(path string, r *schedule.RangeReport) error {
	format, err := plots.FormatOf(path)
	if err != nil {
		return Usagef("--plot: %w", err)
	}
	data, err := plots.RangeTest(r, "learning-rate range test", format)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}

func (env *Env) printRangeTest(r rangeResult, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(env.Stdout).Encode(r)
	}
	w := bufio.NewWriter(env.Stdout) // keeps the first error
	last := r.Points[len(r.Points)-1].Rate
	fmt.Fprintf(w, "loss over the learning rate, smoothed: %d of %d steps", r.Steps, r.Planned)
	if r.Diverged {
		fmt.Fprintf(w, ", diverged near %.2g", last)
	}
	fmt.Fprintf(w, "\n\n%s\n", plots.RangeTestText(r.RangeReport, 64, 12))
	if r.Suggestion > 0 {
		fmt.Fprintf(w, "steepest   %.2g\nminimum    %.2g, a tenth of it %.2g\n", r.Steepest, r.Minimum, r.MinimumTenth)
		fmt.Fprintf(w, "suggestion --lr %.2g\n", r.Suggestion)
	}
	if r.Plot != "" {
		fmt.Fprintf(w, "plot       %s\n", r.Plot)
	}
	return w.Flush()
}
