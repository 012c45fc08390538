package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// TrainOptions are what the verb train passes to Train, beside the task.
type TrainOptions struct {
	Out     string // the run's folder; "": the next one that Data's name gives
	Data    string
	JSON    bool
	Machine Machine
	Flags   TrainFlags
	Options any // all of the verb's flags, for run.yaml

	Resume      *RunFile    // the run that goes on; nil: a new one
	Lock        *train.Lock // of Out, where it is held already
	AllowChange []string    // what may have changed meanwhile
}

// Train fine-tunes t as o says, shows how it goes, and prints the result.
func Train[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, t Task[B], o TrainOptions) (err error) {
	fit, err := setup(rt, t, o)
	if err != nil {
		return err
	}
	defer fit.Optimizer.Close()
	run := newRunFile(env.Program, rt)
	run.Model.Source, run.Model.Revision, run.Model.Classes = t.Source, t.Revision, t.Model.Classes()
	run.Data.Training, run.Data.Fingerprint, run.Options = t.Train.Len(), t.Fingerprint, o.Options
	run.Data.Pairs, run.Data.Columns = t.Pairs, t.Columns
	var val train.Data[B]
	if t.Val != nil {
		val, run.Data.Validation = t.Val, t.Val.Len()
	}
	options, err := flatten(o.Options)
	if err != nil {
		return err
	}
	if o.Lock == nil {
		if o.Out, o.Lock, err = o.lock(); err != nil {
			return err
		}
		defer o.Lock.Release()
	}
	if err := o.begin(run); err != nil {
		return err
	}
	surviveReader()
	env.training.Store(true)
	bar := newProgress(env)
	defer bar.close()
	t.describe(bar, rt, fit.Freeze, o.Out)
	page, err := runPage(env, t, o, run, fit.Freeze)
	if err != nil {
		return err
	}
	rec := recorder{dir: o.Out, bar: bar, groups: groupNames(fit.Freeze), report: &reporter{
		dir: o.Out, page: page, classes: t.Model.Classes(), sample: t.Sample, order: t.Order, warn: bar.printf,
	}}
	if o.Resume != nil {
		rec.run = &run
	} else if err := rec.open(train.ResumeEvent{}); err != nil {
		return err
	}
	model := keeper{save: t.Save, dir: filepath.Join(o.Out, modelName), resume: env.resume(o.Out), warn: bar.printf}
	fit.Dir, fit.SaveModel, fit.Resume, fit.Observe = o.Out, model.try, o.Resume != nil, rec.observe
	fit.Options, fit.AllowChange, fit.Lock = options, o.allowed, o.Lock
	result, err := train.Fit(ctx, rt, train.Model[B](t.Model), train.Data[B](t.Train), val, fit)
	rec.report.page.Ended = err == nil
	kept := rec.close()
	bar.close()
	var in *train.Interrupted
	if errors.As(err, &in) {
		return &interruption{err: in, resume: env.resume(o.Out)}
	}
	var changed *train.Changed
	if errors.As(err, &changed) {
		return o.refusal(changed)
	}
	var none *train.NoCheckpoint
	if errors.As(err, &none) {
		return Usagef("%w; begin anew with %s train", err, env.Program)
	}
	if err != nil {
		return err
	}
	lost := model.finish(result)
	return errors.Join(env.printResult(o, run, t.Unit, result), lost, kept)
}

// begin writes run.yaml, or compares it with the run that goes on.
func (o TrainOptions) begin(run RunFile) error {
	if o.Resume == nil {
		if err := CheckOut(o.Out); err != nil {
			return err
		}
		return run.write(o.Out)
	}
	err := errors.New("this would be another run than the one that began")
	var names []string
	for _, d := range o.Resume.differences(run) {
		if slices.Contains(o.AllowChange, d.name) {
			continue
		}
		err = fmt.Errorf("%w\n  %v", err, d)
		if !slices.Contains(names, d.name) {
			names = append(names, d.name)
		}
	}
	if names == nil {
		return nil
	}
	return o.refuse(err, names)
}
