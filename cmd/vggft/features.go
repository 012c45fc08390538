package main

import (
	"context"
	"errors"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

type featuresCmd struct {
	modelFlags
	cacheFlags
	Data  string `arg:"" help:"Pictures, by class or not: folders, archives or a table, as for train."`
	Layer string `default:"avgpool" help:"Layer whose output is written; a wrong name lists them." group:"Data"`
	Pool  string `default:"none" enum:"none,mean,max" help:"Of a layer with height and width: none, all of it, flattened; or each channel's mean or max over the picture." group:"Data"`
	Split string `default:"" help:"Of data with splits: train, val or test; without it, all." group:"Data"`
	cli.FeatureFlags
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *featuresCmd) Validate() error {
	return errors.Join(c.modelFlags.Validate(), c.cacheFlags.Validate(), c.FeatureFlags.Validate())
}

// Run is called by kong.
func (c *featuresCmd) Run(ctx context.Context, env *cli.Env) error {
	open := func(cfg vision.Config) (*vision.Dataset, error) {
		o := vision.DataOptions{Input: cfg.Input(), Split: c.Split, Unlabelled: true}
		if _, err := c.apply(&o); err != nil {
			return nil, err
		}
		return vision.OpenDataset(c.Data, o)
	}
	return c.with(ctx, env, open, (*looked).open, func(rt *torch.Runtime, m *vision.Model, d *vision.Dataset) error {
		forward := func(s *torch.Scope, b *vision.Batch) *torch.Tensor {
			x, _ := b.Tensors(s)
			y, err := m.Features(s, x, c.Layer, vision.Pooling(c.Pool))
			if err != nil {
				s.Fail(cli.Usagef("--layer: %w", err))
				return x
			}
			return y
		}
		o := train.EvalOptions{Batch: c.EvalBatch, Workers: c.WorkerCount()}
		return cli.Features(ctx, env, rt, forward, d, d.Classes(), c.FeatureFlags, o)
	})
}
