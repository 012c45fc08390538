package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// options are train's flags, as run.yaml keeps them.
type options struct {
	Data  string `arg:"" help:"Labelled text: a folder of class folders (aclImdb), its .tar.gz or .zip, a .csv, .tsv or .jsonl file, each also .gz." yaml:"data"`
	Model string `default:"bert-base-uncased" help:"A folder, a bundled name such as minilm-l6-h384-uncased, or a Hugging Face id." group:"Recipe" yaml:"model"`

	textFlags      `yaml:",inline"`
	cli.TrainFlags `yaml:",inline"`
	MaxLength      int      `default:"512" help:"Tokens; longer texts are truncated, and the special tokens count." group:"Recipe" yaml:"max-length"`
	Dropout        *float64 `help:"Replaces the model's dropout probabilities (BERT's are 0.1)." placeholder:"P" group:"Recipe" yaml:"dropout"`
	lengthFlags    `yaml:",inline"`
	cli.Machine    `yaml:",inline"`
}

// textFlags say where a table's text and labels are.
type textFlags struct {
	TextColumn  string `help:"Column of the text, by name or number; found if not given." placeholder:"COLUMN" group:"Data" yaml:"text-column"`
	PairColumn  string `help:"Column of a second text, for pairs." placeholder:"COLUMN" group:"Data" yaml:"pair-column"`
	LabelColumn string `help:"Column of the label." placeholder:"COLUMN" group:"Data" yaml:"label-column"`
}

func (f textFlags) data(maxLength int) text.DataOptions {
	return text.DataOptions{TextColumn: f.TextColumn, PairColumn: f.PairColumn, LabelColumn: f.LabelColumn, MaxLength: maxLength}
}

// unused reports every one of them that was given where none counts, and why.
func (f textFlags) unused(why string) error {
	var errs []error
	for _, c := range []struct{ flag, column string }{
		{"--text-column", f.TextColumn},
		{"--pair-column", f.PairColumn},
		{"--label-column", f.LabelColumn},
	} {
		if c.column != "" {
			errs = append(errs, fmt.Errorf("%s: %s", c.flag, why))
		}
	}
	return errors.Join(errs...)
}

type trainCmd struct {
	options
	Out  string `help:"Folder for the run: model, checkpoints, metrics; without it a new one, runs/ and the data's name." placeholder:"RUN" group:"Run"`
	JSON bool   `name:"json" help:"End with one JSON object on stdout." group:"Run"`
	cli.Config
}

// Run is called by kong.
func (c *trainCmd) Run(ctx context.Context, env *cli.Env) error {
	return runTrain(ctx, env, &c.options, cli.TrainOptions{Out: c.Out, Data: c.Data, JSON: c.JSON}, cli.Train)
}

// verb is what is done with all that train's flags name: cli.Train and others.
type verb = func(context.Context, *cli.Env, *torch.Runtime, cli.Task[*text.Batch], cli.TrainOptions) error

// runTrain opens all that o names and trains, a new run or one that goes on, or
// does another verb with it.
func runTrain(ctx context.Context, env *cli.Env, o *options, t cli.TrainOptions, do verb) (err error) {
	t.Machine, t.Flags, t.Options = o.Machine, o.TrainFlags, o
	if t.Resume == nil && t.Out != "" {
		if err := cli.CheckOut(t.Out); err != nil {
			return err
		}
	}
	if err := cli.CheckData(o.Data, o.Val); err != nil {
		return err
	}
	p, err := find(ctx, env, o.Model)
	if err != nil {
		return err
	}
	sets, err := openSets(o, p.tok)
	if err != nil {
		return err
	}
	defer sets.close()
	if err := o.CheckData(sets.training.Len(), sets.validation != nil); err != nil {
		return err
	}
	load := text.LoadOptions{Labels: sets.training.Classes(), Dropout: o.Dropout}
	return p.with(o.Machine, load, o.MaxLength, func(rt *torch.Runtime, m *text.BERT, report text.LoadReport) error {
		task, err := o.task(ctx, env, m, p, report, sets)
		if err != nil {
			return err
		}
		return do(ctx, env, rt, task, t)
	})
}

func (o *options) task(ctx context.Context, env *cli.Env, m *text.BERT, p pretrained, report text.LoadReport, sets *sets) (task cli.Task[*text.Batch], err error) {
	task = cli.Task[*text.Batch]{
		Model: m, Found: p.Found, Notes: sets.notes(), Train: sets.training, Pairs: pairsOf(sets.training), Columns: cli.Columns(sets.training.Columns()), Unit: "sequences",
		Save: func(dir string) error { return m.Save(dir, p.tok) },
		Adam: train.AdamOptions{WeightDecay: orNone(o.WeightDecay)}, MaxBatchTokens: o.MaxBatchTokens,
	}
	task.Outlook = sets.outlook(o, m)
	if s := report.String(); s != "" {
		task.Notes = append([]string{s}, task.Notes...)
	}
	if task.Fingerprint, err = sets.fingerprint(); err != nil {
		return task, err
	}
	if task.Lengths, err = sets.lengths(ctx, env, o); err != nil {
		return task, err
	}
	if sets.validation != nil {
		task.Val, task.Sample = sets.validation, sampleOf(sets.validation)
		task.Order, err = sets.validation.ByLength()
	}
	return task, err
}

// orNone is train.AdamOptions' way to say no decay.
func orNone(decay float64) float64 {
	if decay == 0 {
		return -1
	}
	return decay
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (o *options) Validate() error {
	errs := []error{o.TrainFlags.Validate(), checkMaxLength(o.MaxLength), o.lengthFlags.validate(o.Batch), o.Machine.Validate()}
	if o.Dropout != nil && !(*o.Dropout >= 0 && *o.Dropout < 1) {
		errs = append(errs, fmt.Errorf("--dropout: %g, want at least 0 and less than 1", *o.Dropout))
	}
	return errors.Join(errs...)
}

func checkMaxLength(n int) error {
	if n < 3 {
		return fmt.Errorf("--max-length: %d, want 3 or more: two are special tokens", n)
	}
	return nil
}

type resumeCmd struct {
	Run_ string `arg:"" name:"run" help:"Folder of the run."`
	cli.ResumeFlags
}

// Run is called by kong.
func (c *resumeCmd) Run(ctx context.Context, env *cli.Env) error {
	var o options
	was, err := cli.ReadRun(c.Run_, &o)
	if err == nil {
		err = was.CheckProgram(env, c.Run_)
	}
	if err != nil {
		return err
	}
	was.Locate(&o.Data, &o.Val, &o.Model)
	was.Pin(&o.Model)
	if err := c.Apply(was, c.Run_, &o.Machine, &o); err != nil {
		return err
	}
	lock, err := cli.LockRun(c.Run_)
	if err != nil {
		return err
	}
	defer lock.Release()
	return runTrain(ctx, env, &o, cli.TrainOptions{Out: c.Run_, JSON: c.JSON, Resume: &was, Lock: lock, AllowChange: c.AllowChange}, cli.Train)
}
