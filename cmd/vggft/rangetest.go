package main

import (
	"context"
	"errors"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// lrCmd takes train's flags: what is swept is that run's beginning.
type lrCmd struct {
	options
	cli.RangeFlags
	cli.Config
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *lrCmd) Validate() error {
	return errors.Join(c.options.Validate(), c.RangeFlags.Validate())
}

// Run is called by kong.
func (c *lrCmd) Run(ctx context.Context, env *cli.Env) error {
	sweep := func(ctx context.Context, env *cli.Env, rt *torch.Runtime, t cli.Task[*vision.Batch], o cli.TrainOptions) error {
		return cli.RangeTest(ctx, env, rt, t, o, c.RangeFlags)
	}
	return runTrain(ctx, env, &c.options, cli.TrainOptions{}, sweep)
}
