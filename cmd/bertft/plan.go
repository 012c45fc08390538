package main

import (
	"context"
	"errors"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
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
	foretell := func(ctx context.Context, env *cli.Env, rt *torch.Runtime, t cli.Task[*text.Batch], o cli.TrainOptions) error {
		return cli.Plan(ctx, env, rt, t, o, c.PlanFlags)
	}
	return runTrain(ctx, env, &c.options, cli.TrainOptions{}, foretell)
}

// outlook is what the verb plan asks of the data and the model.
func (s *sets) outlook(o *options, m *text.BERT) cli.Outlook {
	return cli.Outlook{
		Scan:         func(ctx context.Context, env *cli.Env) (plan.Scan, error) { return s.scan(ctx, env, o) },
		Family:       "text",
		MaxPositions: m.Config.MaxPositionEmbeddings,
		Dropout:      m.Config.HiddenDropout > 0,
		BatchBytes:   int64(2 * 8 * o.MaxLength), // ids and types
	}
}

func (s *sets) scan(ctx context.Context, env *cli.Env, o *options) (plan.Scan, error) {
	out := plan.Scan{Unit: "sequences", What: "tokens", Classes: s.training.Classes(), Limit: o.MaxLength}
	observe, done := env.Counter("reading texts")
	defer done()
	var err error
	if out.Training, err = scanSet(ctx, s.training, o.WorkerCount(), observe); err != nil || s.validation == nil {
		return out, err
	}
	out.Validation, err = scanSet(ctx, s.validation, o.WorkerCount(), observe)
	return out, err
}

func scanSet(ctx context.Context, d *text.Dataset, workers int, observe func(done, total int)) (plan.Set, error) {
	r, err := d.Scan(ctx, workers, observe)
	if err != nil {
		return plan.Set{}, err
	}
	set := plan.Set{Labels: d.Labels(), Sizes: r.Tokens, Name: d.Name}
	for _, h := range r.Hashes {
		set.Hashes = append(set.Hashes, h)
	}
	return set, nil
}
