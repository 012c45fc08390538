package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

type predictCmd struct {
	Model string   `arg:"" help:"A run's folder, or a fine-tuned model's."`
	Input []string `arg:"" optional:"" help:"Texts. Without any, the lines on stdin."`
	JSONL bool     `name:"jsonl" help:"Texts, or lines on stdin, are objects {\"text\":…,\"pair\":…}; answers name them as they were given."`
	Data  string   `help:"Predict the examples of a data set instead; its labels are not looked at." placeholder:"PATH"`
	columnFlags
	lengthFlag
	EvalBatch int `default:"32" help:"Texts in a batch." group:"Machine"`
	cli.Machine
	cli.Config
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (c *predictCmd) Validate() error {
	errs := []error{c.lengthFlag.validate(), checkBatch(c.EvalBatch), c.Machine.Validate()}
	if c.Data != "" && len(c.Input) > 0 {
		errs = append(errs, errors.New("--data and texts: give one or the other"))
	}
	if c.Data != "" && c.JSONL {
		errs = append(errs, errors.New("--jsonl: it is for texts and lines on stdin, not for --data, which tells its format by its name"))
	}
	if c.Data == "" {
		errs = append(errs, c.columnFlags.unused("it is for --data: texts and lines on stdin have no columns"))
	}
	return errors.Join(errs...)
}

// Run is called by kong.
func (c *predictCmd) Run(ctx context.Context, env *cli.Env) error {
	p, err := find(ctx, env, c.Model)
	if err != nil {
		return err
	}
	length, err := p.length(c.MaxLength)
	if err != nil {
		return err
	}
	c.warnOfFiles(env)
	return p.with(c.Machine.Answering(), text.LoadOptions{}, length, func(rt *torch.Runtime, m *text.BERT, _ text.LoadReport) error {
		if c.Data != "" {
			return c.dataset(ctx, env, rt, m, p, length)
		}
		warned := false
		return cli.Inputs(ctx, env, c.Input, c.EvalBatch, func(lines []cli.Line) error {
			items := make([]text.Item, len(lines))
			names := make([]string, len(lines))
			for i, l := range lines {
				it, err := item(l, c.JSONL)
				if err != nil {
					return err
				}
				it.Name = l.Name
				items[i], names[i] = it, l.Text
			}
			d := text.FromItems(items, p.tok, text.DataOptions{MaxLength: length})
			warned = warned || p.warn(env, d, jsonPair)
			return cli.Predict(ctx, env, rt, m, d, train.EvalOptions{Batch: c.EvalBatch},
				func(i int) string { return names[i] })
		})
	})
}

// dataset predicts a data set, named by file and row.
func (c *predictCmd) dataset(ctx context.Context, env *cli.Env, rt *torch.Runtime, m *text.BERT, p pretrained, length int) error {
	o, err := p.data(c.columnFlags, length)
	if err != nil {
		return err
	}
	o.Unlabelled, o.Labels = true, m.Classes()
	d, err := text.OpenDataset(c.Data, p.tok, o)
	if err != nil {
		return err
	}
	defer d.Close()
	new(told).data(env, d)
	p.warn(env, d, pairColumn)
	return cli.Predict(ctx, env, rt, m, d, train.EvalOptions{Batch: c.EvalBatch, Workers: c.Machine.WorkerCount()}, nil)
}

// warnOfFiles tells of the first text that is a file's name, which was likely meant to
// be read.
func (c *predictCmd) warnOfFiles(env *cli.Env) {
	for _, name := range c.Input {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			reads := "< " + cli.ShellWord(name) + " reads its lines"
			if corpus.Reads(name) {
				reads = "--data reads it"
			}
			fmt.Fprintf(env.Stderr, "warning: %q is a file; its name is classified; %s\n", name, reads)
			return
		}
	}
}
