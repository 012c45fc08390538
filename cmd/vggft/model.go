package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// pictureFlags say how pictures are read, for every verb.
type pictureFlags struct {
	OnBad string `default:"skip" enum:"skip,fail" help:"What to do about a picture that cannot be read: skip it, and list it at the end, or fail." group:"Data" yaml:"on-bad"`
}

// modelFlags are those of the verbs that use a model as it is.
type modelFlags struct {
	Model string `arg:"" help:"A run's folder, a model's, a bundled name, or a file of weights."`
	Arch  string `help:"Architecture of a bare file of weights: vgg16, resnet50, ..." placeholder:"NAME" group:"Data"`
	pictureFlags
	EvalBatch int `default:"32" help:"Pictures in a batch." group:"Machine"`
	cli.Machine
	cli.Config
}

// checkArch reports a name that is no architecture's, before weights are fetched
// for it; "" is for the weights to say.
func checkArch(arch string) error {
	if names := vision.Architectures(); arch != "" && !slices.Contains(names, arch) {
		return fmt.Errorf("--arch: %q, want one of %s", arch, strings.Join(names, ", "))
	}
	return nil
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (f *modelFlags) Validate() error {
	errs := []error{checkArch(f.Arch), f.Machine.Validate()}
	if f.EvalBatch < 1 {
		errs = append(errs, fmt.Errorf("--eval-batch: %d, want 1 or more", f.EvalBatch))
	}
	return errors.Join(errs...)
}

// with opens data, libtorch and, by load, the model, and closes them after use.
func (f *modelFlags) with(ctx context.Context, env *cli.Env, open func(vision.Config) (*vision.Dataset, error),
	load func(*looked, *torch.Runtime) (*vision.Model, error), use func(*torch.Runtime, *vision.Model, *vision.Dataset) error,
) (err error) {
	l, err := f.look(ctx, env, f.Model, open)
	if err != nil {
		return err
	}
	defer l.close()
	defer l.bad.list(env)
	rt, err := cli.OpenRuntime(f.Machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	m, err := load(l, rt)
	if err != nil {
		return err
	}
	defer m.Close()
	return use(rt, m, l.good)
}

// looked is what can be known of a model, and of data as it reads them, without
// libtorch.
type looked struct {
	path    string
	options vision.LoadOptions
	data    *vision.Dataset
	good    *vision.Dataset // without bad
	bad     skipped
}

func (f *modelFlags) look(ctx context.Context, env *cli.Env, ref string, open func(vision.Config) (*vision.Dataset, error)) (*looked, error) {
	found, err := cli.FindModel(ctx, env, ref, "vision")
	if err != nil {
		return nil, err
	}
	l := &looked{path: found.Path, options: vision.LoadOptions{Architecture: cmp.Or(f.Arch, found.Architecture)}}
	cfg, err := vision.ConfigOf(l.path, l.options)
	if err != nil {
		return nil, cli.Usage(err)
	}
	if l.data, err = open(cfg); err != nil {
		return nil, cli.Usage(err)
	}
	good, read, err := f.good(ctx, env, l.data, f.WorkerCount())
	if err != nil {
		return nil, errors.Join(err, l.data.Close())
	}
	l.good, l.bad = good, skipped(read.Bad)
	return l, nil
}

// open reads the weights, whatever head they come with. The data are drawn where
// they will be read.
func (l *looked) open(rt *torch.Runtime) (*vision.Model, error) {
	l.data.DrawOn(rt.Device())
	m, _, err := vision.Load(rt, l.path, l.options)
	return m, cli.Usage(err)
}

// load reads those of a model that was fine-tuned.
func (l *looked) load(rt *torch.Runtime) (*vision.Model, error) {
	m, err := l.open(rt)
	if err != nil {
		return nil, err
	}
	if len(m.Config.Labels) == 0 {
		m.Close()
		return nil, cli.Usagef("model %s: its config.json has no labels; fine-tune it first", l.path)
	}
	return m, nil
}

func (l *looked) close() { _ = l.data.Close() } // only read from
