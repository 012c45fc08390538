package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

// options are train's flags, as run.yaml keeps them.
type options struct {
	Data  string `arg:"" help:"A folder with a folder of pictures for each class, or with train/ and val/ that hold such; the same as .tar, .tar.gz or .zip; or a .csv of paths and labels." yaml:"data"`
	Model string `default:"vgg16" help:"What to start from: a name such as vgg16 or resnet50-imagenet, the folder of a model or a run, a Hugging Face id, or, with --arch, a .pth, .safetensors or Keras .h5 file." group:"Recipe" yaml:"model"`
	Arch  string `help:"Architecture of a file of weights: vgg11 to vgg19, vgg11_bn to vgg19_bn, resnet18 to resnet152." placeholder:"NAME" group:"Recipe" yaml:"arch"`

	Head      string   `default:"documented" enum:"documented,linear,original" help:"What stands on the features: documented (256, 128, classes), linear, or original, the architecture's own. Weights that come with the same head lose its last layer alone to other classes." group:"Recipe" yaml:"head"`
	Dropout   *float64 `help:"Dropout between the head's layers; without it, none." placeholder:"P" group:"Recipe" yaml:"dropout"`
	ImageSize int      `default:"0" help:"Side of the network's square input; without it, the weights' own, mostly 224." placeholder:"PIXELS" group:"Recipe" yaml:"image-size"`
	Augment   string   `default:"documented" help:"How training pictures vary: documented (rotate=20,zoom=0.15,flip,fit=stretch), crop (crop=0.5-1,flip), none, or words: rotate=DEGREES, zoom=, shift=, flip, vflip, crop=MIN-MAX of the area, ratio=MIN-MAX, jitter=, brightness=, contrast=, saturation=, hue=, erase=, fit=crop|stretch, fill=nearest|black." group:"Recipe" yaml:"augment"`
	Mixup     float64  `default:"0" help:"Blend pictures, and their labels, two by two, by shares drawn from Beta(A,A); 0: not." placeholder:"A" group:"Recipe" yaml:"mixup"`
	Cutmix    float64  `default:"0" help:"Paste a box of one picture into another, and blend their labels, by areas drawn from Beta(A,A); with --mixup too, a step is one or the other." placeholder:"A" group:"Recipe" yaml:"cutmix"`
	Variants  int      `name:"cache-variants" default:"0" help:"Draw only N augmented pictures of each picture, in turn by epoch, and keep what the frozen layers make of them: epochs after the Nth compute the rest alone. Another recipe, if N is less than the epochs; 0: vary in every epoch." placeholder:"N" group:"Recipe" yaml:"cache-variants"`
	Normalize string   `default:"auto" enum:"auto,none,imagenet" help:"What the network reads: auto, as its weights were trained; none, pixels/255; or imagenet, less the mean and over the deviation of its colours." group:"Recipe" yaml:"normalize"`

	pictureFlags   `yaml:",inline"`
	cacheFlags     `yaml:",inline"`
	cli.TrainFlags `yaml:",inline"`
	cli.Machine    `yaml:",inline"`
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
type verb = func(context.Context, *cli.Env, *torch.Runtime, cli.Task[*vision.Batch], cli.TrainOptions) error

// runTrain opens all that o names and trains, a new run or one that goes on, or
// does another verb with it.
func runTrain(ctx context.Context, env *cli.Env, o *options, t cli.TrainOptions, do verb) (err error) {
	if t.Resume == nil && t.Out != "" {
		if err := cli.CheckOut(t.Out); err != nil {
			return err
		}
	}
	if err := cli.CheckData(o.Data, o.Val); err != nil {
		return err
	}
	found, err := cli.FindModel(ctx, env, o.Model, "vision")
	if err != nil {
		return err
	}
	load := vision.LoadOptions{
		Architecture: cmp.Or(o.Arch, found.Architecture), Head: o.Head, ImageSize: o.ImageSize, Dropout: o.Dropout, Fit: o.fit(), Normalize: o.Normalize,
	}
	cfg, err := vision.ConfigOf(found.Path, load)
	if err != nil {
		return cli.Usage(err)
	}
	sets, err := openSets(ctx, env, o, cfg.Input())
	if err != nil {
		return err
	}
	defer sets.close()
	defer sets.skipped.list(env)
	defer sets.warn(env)
	if err := o.CheckData(sets.training.Len(), sets.validation != nil); err != nil {
		return err
	}
	rt, err := cli.OpenRuntime(o.Machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	for _, d := range sets.opened {
		d.DrawOn(rt.Device())
	}
	load.Labels = sets.training.Classes()
	m, _, err := vision.Load(rt, found.Path, load)
	if err != nil {
		return cli.Usage(err)
	}
	defer m.Close()
	m.UseFeatures(sets.features)
	t.Machine, t.Flags, t.Options = o.Machine, o.TrainFlags, o
	if o.Freeze == "" && o.Unfreeze == "" {
		t.Flags.Freeze = documentedFreeze(m)
	}
	return do(ctx, env, rt, o.task(m, found, sets), t)
}

func (o *options) task(m *vision.Model, found cli.Found, s *sets) cli.Task[*vision.Batch] {
	task := cli.Task[*vision.Batch]{
		Model: m, Found: found, Notes: s.notes(), Asides: s.asides(), Train: s.training, Unit: "images",
		Save: m.Save, Adam: o.adam(),
		Fingerprint: s.fingerprint(), Mix: o.mix(), Outlook: s.outlook(o, m),
	}
	if s.validation != nil {
		task.Val, task.Sample = s.validation, sampleOf(s.validation)
	}
	return task
}

func (o *options) mix() train.Mix { return train.Mix{Mixup: o.Mixup, Cutmix: o.Cutmix} }

// adam is the documented recipe's, which is Keras', or AdamW where weights decay.
func (o *options) adam() train.AdamOptions {
	if o.WeightDecay > 0 {
		return train.AdamOptions{WeightDecay: o.WeightDecay}
	}
	return train.AdamOptions{Coupled: true, Eps: 1e-7, WeightDecay: -1}
}

// documentedFreeze is the recipe's: what trains is the last block of
// convolutions and the head.
func documentedFreeze(m *vision.Model) string {
	groups := m.Groups() // the head is the last
	return fmt.Sprintf("all,!%s,!head", groups[len(groups)-2])
}

// fit is how the augmentation makes pictures square.
func (o *options) fit() string {
	if a, err := pixels.ParseAugment(o.Augment); err == nil && a.Fit == pixels.FitStretch {
		return vision.FitStretch
	}
	return vision.FitCrop
}

// Validate reports every fault at once. kong calls it before the verb runs.
func (o *options) Validate() error {
	errs := []error{checkArch(o.Arch), o.TrainFlags.Validate(), o.cacheFlags.Validate(), o.Machine.Validate(), o.mix().Validate()}
	if _, err := pixels.ParseAugment(o.Augment); err != nil {
		errs = append(errs, fmt.Errorf("--augment: %s", strings.ReplaceAll(err.Error(), "augment: ", "")))
	}
	if s := o.ImageSize; s != 0 && (s < 32 || s > 2048) {
		errs = append(errs, fmt.Errorf("--image-size: %d, want 32 to 2048", s))
	}
	if o.Dropout != nil && !(*o.Dropout >= 0 && *o.Dropout < 1) {
		errs = append(errs, fmt.Errorf("--dropout: %g, want at least 0 and less than 1", *o.Dropout))
	}
	if v := o.Variants; v < 0 || v > 10000 {
		errs = append(errs, fmt.Errorf("--cache-variants: %d, want 0 to 10000", v))
	} else if v > 0 && (o.Cache == cli.CacheOff || o.Cache == cli.CacheMemory) {
		errs = append(errs, fmt.Errorf("--cache-variants: needs a folder to keep features in, not --cache %s", o.Cache))
	}
	return errors.Join(errs...)
}

type resumeCmd struct {
	Run_  string `arg:"" name:"run" help:"Folder of the run."`
	Cache string `help:"Another place for decoded pictures than the run's: auto, a folder, memory, or off." placeholder:"DIR"`
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
	if c.Cache != "" {
		o.Cache = c.Cache
	} else if cli.InFolder(o.Cache) {
		was.LocateMade(&o.Cache)
	}
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
