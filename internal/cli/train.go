package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// TrainOptions are what the verb train passes to Train, beside the task.
type TrainOptions struct {
	Out     string
	JSON    bool
	Machine Machine
	Flags   TrainFlags
	Options any // all of the verb's flags, for run.yaml

	Resume      *RunFile // the run that goes on; nil: a new one
	AllowChange bool
}

// Train fine-tunes t as o says, shows how it goes, and prints the result.
func Train[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, t Task[B], o TrainOptions) (err error) {
	opt, err := train.NewAdam(rt, t.Model.Store().Parameters(), t.Adam)
	if err != nil {
		return Usage(err)
	}
	defer opt.Close()
	steps := loader.Plan{N: t.Train.Len(), Batch: o.Flags.Batch, Epochs: o.Flags.Epochs}
	lr, err := o.Flags.schedule(steps.Steps())
	if err != nil {
		return err
	}
	plan, err := o.Flags.plan(t.Model, steps.StepsPerEpoch())
	if err != nil {
		return err
	}
	run := newRunFile(env.Program, rt)
	run.Model.Source, run.Model.Classes = t.Source, t.Model.Classes()
	run.Data.Training, run.Data.Fingerprint, run.Options = t.Train.Len(), t.Fingerprint, o.Options
	var val train.Data[B]
	if t.Val != nil {
		val, run.Data.Validation = t.Val, t.Val.Len()
	}
	if err := o.begin(run); err != nil {
		return err
	}
	bar := newProgress(env.Stderr)
	defer bar.close()
	t.describe(bar, rt, plan, o.Out)
	rec := recorder{dir: o.Out, bar: bar}
	if o.Resume == nil {
		rec.open(0)
	}
	result, err := train.Fit(ctx, rt, train.Model[B](t.Model), train.Data[B](t.Train), val, train.FitOptions{
		Epochs: o.Flags.Epochs, Batch: o.Flags.Batch, Accumulate: o.Flags.Accumulate,
		Seed: o.Machine.Seed, Workers: o.Machine.WorkerCount(),
		Optimizer: opt, Schedule: lr, ClipNorm: o.Flags.Clip,
		Freeze: plan, EarlyStop: o.Flags.EarlyStop,
		Loss:      o.Flags.loss(t.Train.Labels(), len(t.Model.Classes())),
		EvalBatch: o.Flags.EvalBatch, EvalOrder: t.Order, EvalFirst: o.Flags.EvalFirst,
		Dir: o.Out, SaveModel: t.Save, CheckpointEvery: o.Flags.CheckpointEvery, Keep: o.Flags.Keep,
		Resume: o.Resume != nil, Observe: rec.observe,
	})
	err = errors.Join(err, rec.close())
	bar.close()
	var in *train.Interrupted
	if errors.As(err, &in) {
		return &interruption{err: in, resume: fmt.Sprintf("%s resume %s", env.Program, o.Out)}
	}
	if err != nil {
		return err
	}
	return env.printResult(o, run, t.Unit, result)
}

// begin writes run.yaml, or compares it with the run that goes on.
func (o TrainOptions) begin(run RunFile) error {
	if o.Resume == nil {
		if err := CheckOut(o.Out); err != nil {
			return err
		}
		if err := os.MkdirAll(o.Out, 0o755); err != nil {
			return Usagef("--out: %w", err)
		}
		return run.write(o.Out)
	}
	changed := o.Resume.differences(run)
	if len(changed) == 0 || o.AllowChange {
		return nil
	}
	err := errors.New("this would be another run than the one that began")
	for _, c := range changed {
		err = fmt.Errorf("%w\n  %s", err, c)
	}
	return Usagef("%w\nto go on all the same: --allow-change", err)
}

// recorder hands a run's events to the screen and to metrics.jsonl.
type recorder struct {
	dir string
	bar *progress
	j   *journal
	err error
}

func (r *recorder) open(step int) {
	if j, err := openJournal(r.dir, step); err != nil {
		r.err = err
	} else {
		r.j = j
	}
}

func (r *recorder) observe(e train.Event) {
	if resumed, ok := e.(train.ResumeEvent); ok {
		r.open(resumed.Step)
	}
	if r.j != nil {
		r.j.write(e)
	}
	r.bar.observe(e)
}

func (r *recorder) close() error {
	if r.j == nil {
		return r.err
	}
	return errors.Join(r.err, r.j.close())
}

// summary is train's JSON object.
type summary struct {
	Run       string              `json:"run"`
	Model     string              `json:"model"`
	Classes   []string            `json:"classes"`
	Steps     int                 `json:"steps"`
	Untrained *train.Score        `json:"untrained,omitempty"`
	Epochs    []train.EpochResult `json:"epochs"`
	Best      *train.EpochResult  `json:"best"`

	ExamplesPerSecond float64 `json:"examples_per_second"`
	TokensPerSecond   float64 `json:"tokens_per_second,omitempty"`
	PeakRSS           uint64  `json:"peak_rss_bytes"`
}

func (env *Env) printResult(o TrainOptions, run RunFile, unit string, r train.Result) error {
	s := summary{
		Run: o.Out, Model: filepath.Join(o.Out, modelName), Classes: run.Model.Classes,
		Steps: r.Steps, Untrained: r.Untrained, Epochs: r.Epochs, Best: r.Best, PeakRSS: peakBytes(),
	}
	if sec := r.Duration.Seconds(); sec > 0 {
		s.ExamplesPerSecond, s.TokensPerSecond = float64(r.Examples)/sec, float64(r.Tokens)/sec
	}
	if o.JSON {
		return json.NewEncoder(env.Stdout).Encode(s)
	}
	speed := fmt.Sprintf("%.1f %s/s", s.ExamplesPerSecond, unit)
	if s.TokensPerSecond > 0 {
		speed += fmt.Sprintf(", %.0f tokens/s", s.TokensPerSecond)
	}
	fmt.Fprintf(env.Stdout, "trained  %d steps, %s, %s at most\n", s.Steps, speed, bytesString(s.PeakRSS))
	if s.Untrained != nil {
		fmt.Fprintf(env.Stdout, "before   validation accuracy %.4f, loss %.4f\n", s.Untrained.Accuracy, s.Untrained.Loss)
	}
	if s.Best != nil && s.Best.ValAccuracy != nil {
		fmt.Fprintf(env.Stdout, "best     epoch %d: validation accuracy %.4f, loss %.4f\n", s.Best.Epoch, *s.Best.ValAccuracy, *s.Best.ValLoss)
	}
	fmt.Fprintf(env.Stdout, "model    %s\n", s.Model)
	fmt.Fprintf(env.Stdout, "next     %s eval %s DATA;  %s predict %s ...\n", env.Program, o.Out, env.Program, o.Out)
	return nil
}
