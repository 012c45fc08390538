package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

type featuresCmd struct {
	Model string `arg:"" help:"A run's folder, a model's, a bundled name, or a Hugging Face id."`
	Data  string `arg:"" help:"Texts, with labels or without, as for train; or a .txt file, a text a line; or -, the lines on stdin."`
	Pool  string `default:"mean" enum:"mean,cls,pooled" help:"What stands for a text: mean, of its tokens' states; cls, the first token's; or pooled, that through the pooler's layer." group:"Data"`
	Layer *int   `help:"States after the first N layers; 0: the embeddings; without it, after all." placeholder:"N" group:"Data"`
	Split string `default:"" help:"Of data with splits: train, val or test; without it, all." group:"Data"`
	columnFlags
	lengthFlag
	EvalBatch int `default:"32" help:"Texts in a batch." group:"Machine"`
	cli.FeatureFlags
	cli.Machine
	cli.Config
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *featuresCmd) Validate() error {
	errs := []error{c.lengthFlag.validate(), checkBatch(c.EvalBatch), c.FeatureFlags.Validate(), c.Machine.Validate()}
	if c.lines() {
		errs = append(errs, c.columnFlags.unused(c.Data+" is a text a line, and has no columns"))
	}
	return errors.Join(errs...)
}

// lines tells whether DATA is a text a line.
func (c *featuresCmd) lines() bool {
	return c.Data == "-" || strings.EqualFold(filepath.Ext(c.Data), ".txt")
}

// Run is called by kong.
func (c *featuresCmd) Run(ctx context.Context, env *cli.Env) (err error) {
	p, err := find(ctx, env, c.Model)
	if err != nil {
		return err
	}
	labels, err := labelsOf(p.Path)
	if err != nil {
		return err
	}
	length, err := p.length(c.MaxLength)
	if err != nil {
		return err
	}
	d, err := c.open(ctx, env, p, length)
	if err != nil {
		return err
	}
	defer d.Close()
	new(told).data(env, d, d.Unclear()...)
	hint := pairColumn
	if c.lines() {
		hint = ""
	}
	p.warn(env, d, hint)
	return p.with(c.Machine.Answering(), text.LoadOptions{Labels: labels}, length, func(rt *torch.Runtime, m *text.BERT, report text.LoadReport) error {
		if c.Pool == "pooled" && slices.ContainsFunc(report.Missing, func(p string) bool { return strings.Contains(p, ".pooler.") }) {
			return cli.Usagef("--pool pooled: the model %s has no pooler; mean or cls do without", p.Path)
		}
		forward, err := pool(m, c.Pool, c.Layer)
		if err != nil {
			return err
		}
		eval := train.EvalOptions{Batch: c.EvalBatch, Workers: c.WorkerCount()}
		return cli.Features(ctx, env, rt, forward, d, d.Classes(), c.FeatureFlags, eval)
	})
}

// open opens the texts, which need no labels.
func (c *featuresCmd) open(ctx context.Context, env *cli.Env, p pretrained, length int) (*text.Dataset, error) {
	o, err := p.data(c.columnFlags, length)
	if err != nil {
		return nil, err
	}
	o.Unlabelled, o.Split = true, c.Split
	if !c.lines() {
		d, err := text.OpenDataset(c.Data, p.tok, o)
		return d, cli.Usage(err)
	}
	lines, err := cli.Lines(ctx, env, c.Data)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		name := c.Data
		if name == "-" {
			name = "stdin"
		}
		return nil, cli.Usagef("%s: no texts", name)
	}
	items := make([]text.Item, len(lines))
	for i, l := range lines {
		items[i] = text.Item{Text: l.Text, Name: l.Name}
	}
	return text.FromItems(items, p.tok, o), nil
}

// labelsOf returns those of a model's head, or some for it to have one: features
// need none.
func labelsOf(dir string) ([]string, error) {
	cfg, err := text.ReadConfig(dir)
	if err != nil {
		return nil, cli.Usage(err)
	}
	if len(cfg.Labels) < 2 {
		return []string{"0", "1"}, nil
	}
	return cfg.Labels, nil
}

// pool returns the map from a batch to a row of features per text, of the states
// after the layer; nil: the last.
func pool(m *text.BERT, how string, layer *int) (func(*torch.Scope, *text.Batch) *torch.Tensor, error) {
	n := m.Layers()
	if layer != nil {
		n = *layer
	}
	if n < 0 || n > m.Layers() {
		return nil, cli.Usagef("--layer: %d, want 0, the embeddings, to %d", n, m.Layers())
	}
	switch {
	case how == "cls":
		return func(s *torch.Scope, b *text.Batch) *torch.Tensor {
			return s.Select(m.HiddenAt(s, m.Inputs(s, b), n), 1, 0)
		}, nil
	case how == "pooled" && n != m.Layers():
		return nil, cli.Usagef("--layer %d --pool pooled: the pooler is for the last layer, %d", n, m.Layers())
	case how == "pooled":
		return func(s *torch.Scope, b *text.Batch) *torch.Tensor { return m.Pooled(s, m.Inputs(s, b)) }, nil
	case how == "mean":
		return func(s *torch.Scope, b *text.Batch) *torch.Tensor { return m.MeanAt(s, b, n) }, nil
	}
	return nil, cli.Usagef("--pool: %q, want mean, cls or pooled", how)
}
