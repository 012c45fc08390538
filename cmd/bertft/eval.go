package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

type evalCmd struct {
	Model string `arg:"" help:"A run's folder, or a fine-tuned model's."`
	Data  string `arg:"" help:"Labelled text, as for train."`
	Split string `default:"" help:"Of data with splits: train, val or test; without it, test if that has labels, else val, else all that has." group:"Data"`
	columnFlags
	lengthFlag
	Limit     int `default:"0" help:"Use only so many examples, after a seeded shuffle; 0: all." placeholder:"N" group:"Data"`
	EvalBatch int `default:"32" help:"Examples in a batch." group:"Machine"`
	cli.EvalFlags
	cli.Machine
	cli.Config
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *evalCmd) Validate() error {
	errs := []error{c.lengthFlag.validate(), checkBatch(c.EvalBatch), c.EvalFlags.Validate(), c.Machine.Validate()}
	if c.Limit < 0 {
		errs = append(errs, fmt.Errorf("--limit: %d, want 0 (all) or more", c.Limit))
	}
	return errors.Join(errs...)
}

func checkBatch(n int) error {
	if n < 1 {
		return fmt.Errorf("--eval-batch: %d, want 1 or more", n)
	}
	return nil
}

// Run is called by kong.
func (c *evalCmd) Run(ctx context.Context, env *cli.Env) error {
	p, err := find(ctx, env, c.Model)
	if err != nil {
		return err
	}
	length, err := p.length(c.MaxLength)
	if err != nil {
		return err
	}
	return p.with(c.Machine.Answering(), text.LoadOptions{}, length, func(rt *torch.Runtime, m *text.BERT, _ text.LoadReport) error {
		var told told
		a, split, err := c.judged(env, c.Model, m, p, length, &told)
		if err != nil {
			return err
		}
		defer a.Data.(*text.Dataset).Close()
		models := []cli.Judged[*text.Batch]{a}
		if c.Compare != "" {
			b, closing, err := c.other(ctx, env, rt, &told)
			if err != nil {
				return fmt.Errorf("--compare: %w", err)
			}
			defer closing()
			models = append(models, b)
		}
		return cli.Eval(ctx, env, rt, models, cli.EvalOptions{
			Flags: c.EvalFlags, Data: c.Data, Split: split, Machine: c.Machine, Batch: c.EvalBatch, Unit: "sequences",
		})
	})
}

// other opens the model of --compare, and the data as it reads them.
func (c *evalCmd) other(ctx context.Context, env *cli.Env, rt *torch.Runtime, told *told) (j cli.Judged[*text.Batch], closing func(), err error) {
	p, err := find(ctx, env, c.Compare)
	if err != nil {
		return j, nil, err
	}
	length, err := p.length(c.MaxLength)
	if err != nil {
		return j, nil, err
	}
	m, _, err := p.load(rt, text.LoadOptions{}, length)
	if err != nil {
		return j, nil, err
	}
	j, _, err = c.judged(env, c.Compare, m, p, length, told)
	if err != nil {
		m.Close()
		return j, nil, err
	}
	return j, func() { j.Data.(*text.Dataset).Close(); m.Close() }, nil
}

// judged opens the data as a model reads them, and names the split that is
// measured, if any.
func (c *evalCmd) judged(env *cli.Env, name string, m *text.BERT, p pretrained, length int, told *told) (j cli.Judged[*text.Batch], split cli.Split, err error) {
	o, err := p.data(c.columnFlags, length)
	if err != nil {
		return j, split, err
	}
	o.Labels, o.Split = m.Classes(), c.Split
	d, err := text.OpenDataset(c.Data, p.tok, o)
	if err != nil {
		return j, split, err
	}
	d, split = cli.Measured(c.Split, d, d.Splits())
	if c.Limit > 0 {
		d = d.Limit(c.Limit, c.Seed)
	}
	byLength, err := d.ByLength()
	if err != nil {
		return j, split, errors.Join(err, d.Close())
	}
	told.data(env, d)
	p.warn(env, d, pairColumn)
	return cli.Judged[*text.Batch]{Name: name, Model: m, Data: d, Order: byLength, Sample: sampleOf(d)}, split, nil
}
