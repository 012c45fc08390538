package main

import (
	"context"
	"errors"
	"os"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/train"
)

type checkpoint struct {
	Model, Data string
	Steps       int `default:"6"`
}

// Run trains with a checkpoint at each step. It prints how long the training waited
// for one, and how long one took until it was on disk.
func (o *checkpoint) Run() (err error) {
	d, err := openTexts(o.Model, o.Data, 64)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	rt, err := train.Open(train.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	m, _, err := text.Load(rt, o.Model, text.LoadOptions{Labels: d.Classes()})
	if err != nil {
		return err
	}
	defer m.Close()
	opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		return err
	}
	defer opt.Close()
	lr, err := schedule.NewConstant(schedule.ConstantOptions{LR: 5e-5, Steps: o.Steps})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "gotune-checkpoint-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var waited, written []float64
	var failed error
	_, err = train.Fit(context.Background(), rt, m, d.Limit(8*o.Steps, 1), d.Limit(8, 1), train.FitOptions{
		Epochs: 1, Batch: 8, Optimizer: opt, Schedule: lr, Dir: dir, CheckpointEvery: train.Cadence{Steps: 1},
		Observe: func(e train.Event) {
			if e, ok := e.(train.CheckpointEvent); ok {
				waited, written = append(waited, e.Copied.Seconds()), append(written, e.Written.Seconds())
				failed = errors.Join(failed, e.Err)
			}
		},
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	return show(map[string]any{"waited": waited, "written": written})
}
