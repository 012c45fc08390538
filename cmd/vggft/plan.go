package main

import (
	"context"
	"errors"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// planCmd takes train's flags: what is foretold is that run.
type planCmd struct {
	options
	cli.PlanFlags
	cli.Config
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *planCmd) Validate() error {
	return errors.Join(c.options.Validate(), c.PlanFlags.Validate())
}

// Run is called by kong.
func (c *planCmd) Run(ctx context.Context, env *cli.Env) error {
	// A plan leaves nothing behind, so it keeps pictures in memory where the run
	// would fill a folder with them.
	o := c.options
	o.cacheFlags = o.inMemory()
	foretell := func(ctx context.Context, env *cli.Env, rt *torch.Runtime, t cli.Task[*vision.Batch], to cli.TrainOptions) error {
		return cli.Plan(ctx, env, rt, t, to, c.PlanFlags)
	}
	return runTrain(ctx, env, &o, cli.TrainOptions{}, foretell)
}

// outlook is what the verb plan asks of the data and the model.
func (s *sets) outlook(o *options, m *vision.Model) cli.Outlook {
	return cli.Outlook{
		Scan: func(ctx context.Context, env *cli.Env) (plan.Scan, error) {
			return s.scan(ctx, env, o, m.Config.ImageSize)
		},
		Family:     "vision",
		Dropout:    m.Config.Dropout > 0,
		BatchBytes: s.training.ExampleBytes(),
		Cached:     o.Cache != cli.CacheOff,
	}
}

func (s *sets) scan(ctx context.Context, env *cli.Env, o *options, side int) (plan.Scan, error) {
	out := plan.Scan{Unit: "images", What: "pixels", Classes: s.training.Classes(), Limit: side}
	for _, b := range s.skipped {
		out.Bad = append(out.Bad, plan.BadFile{Name: b.Name, Error: b.Err.Error()})
	}
	observe, done := env.Counter("reading pictures")
	defer done()
	one := func(d *vision.Dataset) (plan.Set, error) {
		r, err := d.Scan(ctx, o.WorkerCount(), observe)
		if err != nil {
			return plan.Set{}, err
		}
		out.Decoded += r.Decoded
		out.Held = max(out.Held, r.Held)
		set := plan.Set{Labels: d.Labels(), Name: d.Name}
		for i, h := range r.Hashes {
			set.Hashes = append(set.Hashes, h)
			set.Sizes = append(set.Sizes, min(r.Widths[i], r.Heights[i]))
		}
		return set, nil
	}
	var err error
	if out.Training, err = one(s.training); err != nil || s.validation == nil {
		return out, err
	}
	out.Validation, err = one(s.validation)
	return out, err
}
