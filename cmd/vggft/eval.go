package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

type evalCmd struct {
	modelFlags
	cacheFlags
	Data  string `arg:"" help:"Pictures by class, as for train."`
	Split string `default:"" help:"Of data with splits: train, val or test; without it, test if that has labels, else val, else all that has." group:"Data"`
	Limit int    `default:"0" help:"Use only so many pictures, after a seeded shuffle; 0: all." placeholder:"N" group:"Data"`
	cli.EvalFlags
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *evalCmd) Validate() error {
	errs := []error{c.modelFlags.Validate(), c.cacheFlags.Validate(), c.EvalFlags.Validate()}
	if c.Limit < 0 {
		errs = append(errs, fmt.Errorf("--limit: %d, want 0 (all) or more", c.Limit))
	}
	return errors.Join(errs...)
}

// Run is called by kong.
func (c *evalCmd) Run(ctx context.Context, env *cli.Env) error {
	var measured cli.Split
	open := func(cfg vision.Config) (d *vision.Dataset, err error) {
		d, measured, err = c.open(cfg)
		return d, err
	}
	return c.with(ctx, env, open, (*looked).load, func(rt *torch.Runtime, m *vision.Model, d *vision.Dataset) error {
		models := []cli.Judged[*vision.Batch]{c.judged(c.Model, m, d)}
		if c.Compare != "" {
			l, err := c.look(ctx, env, c.Compare, open)
			if err != nil {
				return fmt.Errorf("--compare: %w", err)
			}
			defer l.close()
			m, err := l.load(rt)
			if err != nil {
				return fmt.Errorf("--compare: %w", err)
			}
			defer m.Close()
			models = append(models, c.judged(c.Compare, m, l.good))
		}
		return cli.Eval(ctx, env, rt, models, cli.EvalOptions{
			Flags: c.EvalFlags, Data: c.Data, Split: measured, Machine: c.Machine, Batch: c.EvalBatch, Unit: "images",
		})
	})
}

// open opens what is measured, as a model of that configuration reads it, and names
// the split that it is, if any.
func (c *evalCmd) open(cfg vision.Config) (d *vision.Dataset, split cli.Split, err error) {
	o := vision.DataOptions{Input: cfg.Input(), Labels: cfg.Labels, Split: c.Split}
	if _, err := c.apply(&o); err != nil {
		return nil, split, err
	}
	if d, err = vision.OpenDataset(c.Data, o); err != nil {
		return nil, split, err
	}
	d, split = cli.Measured(c.Split, d, d.Splits())
	if c.Limit > 0 {
		d = d.Limit(c.Limit, c.Seed)
	}
	return d, split, nil
}

// judged is a model with what it is measured on.
func (c *evalCmd) judged(name string, m *vision.Model, d *vision.Dataset) cli.Judged[*vision.Batch] {
	return cli.Judged[*vision.Batch]{Name: name, Model: m, Data: d, Sample: sampleOf(d)}
}

type predictCmd struct {
	modelFlags
	Input []string `arg:"" help:"Pictures, or folders of them."`
}

// Run is called by kong.
func (c *predictCmd) Run(ctx context.Context, env *cli.Env) error {
	open := func(cfg vision.Config) (*vision.Dataset, error) {
		return vision.OpenPictures(c.Input, vision.DataOptions{Input: cfg.Input(), Labels: cfg.Labels})
	}
	return c.with(ctx, env, open, (*looked).load, func(rt *torch.Runtime, m *vision.Model, d *vision.Dataset) error {
		return cli.Predict(ctx, env, rt, m, d, train.EvalOptions{Batch: c.EvalBatch, Workers: c.WorkerCount()}, nil)
	})
}
