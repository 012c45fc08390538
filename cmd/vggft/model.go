package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/vision"
)

// find returns where the weights are that ref names, and their architecture
// where the manifest knows it.
func find(ctx context.Context, env *cli.Env, ref, arch string) (path, source, architecture string, err error) {
	path, source, err = cli.FindModel(ctx, env, ref, "vision")
	if err != nil {
		return "", "", "", err
	}
	if e := hub.Lookup(ref); arch == "" && e != nil {
		arch = e.Architecture
	}
	return path, source, arch, nil
}

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

// Validate reports every fault at once. kong calls it before the verb runs.
func (f *modelFlags) Validate() error {
	errs := []error{f.Machine.Validate()}
	if f.EvalBatch < 1 {
		errs = append(errs, fmt.Errorf("--eval-batch: %d, want 1 or more", f.EvalBatch))
	}
	return errors.Join(errs...)
}

// with opens data, libtorch and the model, and closes them after use.
func (f *modelFlags) with(ctx context.Context, env *cli.Env, open func(vision.Config) (*vision.Dataset, error),
	use func(*torch.Runtime, *vision.Model, *vision.Dataset) error,
) (err error) {
	path, _, arch, err := find(ctx, env, f.Model, f.Arch)
	if err != nil {
		return err
	}
	o := vision.LoadOptions{Architecture: arch}
	cfg, err := vision.ConfigOf(path, o)
	if err != nil {
		return cli.Usage(err)
	}
	d, err := open(cfg)
	if err != nil {
		return cli.Usage(err)
	}
	defer d.Close()
	good, read, err := f.good(ctx, env, d, f.WorkerCount())
	if err != nil {
		return err
	}
	defer skipped(read.Bad).list(env)
	rt, err := cli.OpenRuntime(f.Machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	m, _, err := vision.Load(rt, path, o)
	if err != nil {
		return cli.Usage(err)
	}
	defer m.Close()
	if len(m.Config.Labels) == 0 {
		return cli.Usagef("model %s: its config.json has no labels; fine-tune it first", path)
	}
	return use(rt, m, good)
}
