package cli

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

// TrainFlags are the flags of train that do not depend on the kind of model.
// Defaults that differ are kong variables of the program.
type TrainFlags struct {
	Val         string  `help:"Validation data; without it, a part of DATA." placeholder:"PATH" group:"Data" yaml:"val"`
	ValFraction float64 `default:"0.2" help:"Part of DATA kept for validation, in the proportion of its classes." group:"Data" yaml:"val-fraction"`
	Limit       int     `default:"0" help:"Use only so many examples, after a seeded shuffle; 0: all." placeholder:"N" group:"Data" yaml:"limit"`

	Epochs         int     `default:"${epochs}" help:"Passes over the training data." group:"Recipe" yaml:"epochs"`
	Batch          int     `default:"${batch}" help:"Examples in a step." group:"Recipe" yaml:"batch"`
	Accumulate     int     `default:"1" help:"Split each step's batch into so many parts, to save memory; the result is the same." group:"Recipe" yaml:"accumulate"`
	LR             float64 `name:"lr" default:"${lr}" help:"Learning rate." group:"Recipe" yaml:"lr"`
	Schedule       string  `default:"${schedule}" help:"Learning rate over time: ${schedules}." group:"Recipe" yaml:"schedule"`
	Warmup         string  `default:"0" help:"Steps, or a fraction such as 0.1, over which the rate rises from 0." group:"Recipe" yaml:"warmup"`
	WeightDecay    float64 `default:"${weightdecay}" help:"Decoupled weight decay, except on biases and normalisation." group:"Recipe" yaml:"weight-decay"`
	Clip           float64 `default:"${clip}" help:"Largest global L2 norm of the gradients; 0: no limit." group:"Recipe" yaml:"clip"`
	ClipValue      float64 `default:"0" help:"Largest value of each element of the gradients, before their norm is limited; 0: no limit." group:"Recipe" yaml:"clip-value"`
	EMA            float64 `name:"ema" default:"0" help:"Decay of averaged weights, such as 0.999, which are then the model; 0: none." placeholder:"DECAY" group:"Recipe" yaml:"ema"`
	LabelSmoothing float64 `default:"0" help:"Share of each label spread over all classes." group:"Recipe" yaml:"label-smoothing"`
	ClassWeights   string  `default:"none" enum:"none,balanced,sampled" help:"none; balanced: classes count alike in the loss, however many examples each has; or sampled: they come equally often." group:"Recipe" yaml:"class-weights"`

	Freeze     string `default:"${freeze}" help:"What does not train: ${freezehelp}." placeholder:"WHAT" group:"Freezing" yaml:"freeze"`
	Unfreeze   string `default:"" help:"What trains after how many epochs: ${unfreezehelp}, gradual (a group an epoch, from the top), gradual/2epochs, or plateau." placeholder:"WHEN" group:"Freezing" yaml:"unfreeze"`
	LayerDecay string `default:"" help:"Rate of each group as a fraction of the one above it: 0.9; or by group: head=1,*=0.5." placeholder:"D" group:"Freezing" yaml:"layer-decay"`

	UnfreezeWarmup string `default:"0" help:"Steps, or a fraction of all such as 0.05, over which a group that begins to train later comes to its full rate." placeholder:"STEPS" group:"Freezing" yaml:"unfreeze-warmup"`

	BestBy          string  `default:"accuracy" enum:"${metrics}" help:"What tells the best epoch, whose model is kept: ${metrics}, of the validation data." placeholder:"METRIC" group:"Recipe" yaml:"best-by"`
	EarlyStop       int     `default:"0" help:"End after so many epochs without a better one; 0: never." placeholder:"EPOCHS" group:"Recipe" yaml:"early-stop"`
	EarlyStopMetric string  `default:"" help:"What tells a better one: ${metrics}; that of --best-by where not given." placeholder:"METRIC" group:"Recipe" yaml:"early-stop-metric"`
	EarlyStopMin    float64 `default:"0" help:"By how much it must be better." placeholder:"CHANGE" group:"Recipe" yaml:"early-stop-min"`

	EvalBatch       int    `default:"32" help:"Examples in an evaluation batch." group:"Run" yaml:"eval-batch"`
	EvalFirst       bool   `help:"Also evaluate before the first step, to compare with." group:"Run" yaml:"eval-first"`
	CheckpointEvery string `default:"auto" help:"Save a checkpoint every so many steps (500), so much time (10m) or so many epochs (2epochs); auto: at an epoch's end, but so that it takes a fiftieth of the time at most. One at the end in any case." placeholder:"HOW-OFTEN" group:"Run" yaml:"checkpoint-every"`
	Keep            int    `default:"1" help:"Checkpoints to keep." group:"Run" yaml:"keep"`
}

// Validate reports every fault at once, each with its flag.
func (f TrainFlags) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	atLeast := func(flag string, v, least int) {
		if v < least {
			bad("--%s: %d, want %d or more", flag, v, least)
		}
	}
	atLeast("epochs", f.Epochs, 1)
	atLeast("batch", f.Batch, 1)
	atLeast("accumulate", f.Accumulate, 1)
	atLeast("eval-batch", f.EvalBatch, 1)
	atLeast("limit", f.Limit, 0)
	atLeast("keep", f.Keep, 1)
	atLeast("early-stop", f.EarlyStop, 0)
	if _, err := train.ParseCadence(f.CheckpointEvery); err != nil {
		bad("--checkpoint-every: %w", err)
	}
	if m := f.EarlyStopMetric; m != "" && !slices.Contains(train.Metrics(), m) {
		bad("--early-stop-metric: %q, want one of %s", m, strings.Join(train.Metrics(), ", "))
	}
	if !(f.EarlyStopMin >= 0) || math.IsInf(f.EarlyStopMin, 0) {
		bad("--early-stop-min: %g, want 0 or more", f.EarlyStopMin)
	}
	if f.EarlyStop == 0 && (f.EarlyStopMetric != "" || f.EarlyStopMin > 0) {
		bad("--early-stop-metric, --early-stop-min: say with --early-stop after how many epochs")
	}
	if !(f.ClipValue >= 0) {
		bad("--clip-value: %g, want 0 (no limit) or more", f.ClipValue)
	}
	if !(f.EMA >= 0 && f.EMA < 1) {
		bad("--ema: %g, want 0 (none) or more, and less than 1", f.EMA)
	}
	if _, err := schedule.ParseWarmup(f.UnfreezeWarmup); err != nil {
		bad("--unfreeze-warmup: %s", strings.TrimPrefix(err.Error(), "--warmup "))
	}
	if _, err := freeze.Parse(f.Freeze, f.Unfreeze); err != nil {
		errs = append(errs, err)
	}
	if f.Accumulate > 1 && f.Batch%f.Accumulate != 0 {
		bad("--accumulate: %d does not divide --batch %d", f.Accumulate, f.Batch)
	}
	if !(f.ValFraction >= 0 && f.ValFraction < 1) {
		bad("--val-fraction: %g, want at least 0 and less than 1", f.ValFraction)
	}
	if !(f.LR > 0 && f.LR < 10) {
		bad("--lr: %g, want more than 0 and less than 10", f.LR)
	}
	if !(f.WeightDecay >= 0 && f.WeightDecay < 10) {
		bad("--weight-decay: %g, want 0 or more", f.WeightDecay)
	}
	if !(f.Clip >= 0) {
		bad("--clip: %g, want 0 (no limit) or more", f.Clip)
	}
	if !(f.LabelSmoothing >= 0 && f.LabelSmoothing < 1) {
		bad("--label-smoothing: %g, want at least 0 and less than 1", f.LabelSmoothing)
	}
	if _, err := schedule.ParseWarmup(f.Warmup); err != nil {
		errs = append(errs, err)
	}
	if names := schedule.Names(); !slices.Contains(names, f.Schedule) {
		bad("--schedule: %q, want one of %s", f.Schedule, strings.Join(names, ", "))
	}
	return errors.Join(append(errs, f.conflicts()...)...)
}

// schedule returns the learning rates of a run of so many steps.
func (f TrainFlags) schedule(steps int) (schedule.Schedule, error) {
	warmup, err := schedule.ParseWarmup(f.Warmup)
	if err != nil {
		return nil, Usage(err)
	}
	if n := warmup.Of(steps); steps > 0 && n > steps {
		return nil, Usagef("--warmup %s: warm-up of %d steps, longer than the training's %d", f.Warmup, n, steps)
	}
	s, err := schedule.Parse(f.Schedule, schedule.Options{LR: f.LR, Steps: steps, Warmup: warmup})
	return s, Usage(err)
}

// SplitFault names the flags by which data could not be split.
func (f TrainFlags) SplitFault(err error) error {
	if f.Limit > 0 {
		return Usagef("--val-fraction, --limit %d: %w", f.Limit, err)
	}
	return Usagef("--val-fraction: %w", err)
}

// plan binds the freezing flags to a model.
func (f TrainFlags) plan(m train.Grouped, stepsPerEpoch int) (*freeze.Plan, error) {
	policy, err := freeze.Parse(f.Freeze, f.Unfreeze)
	if err != nil {
		return nil, Usage(err)
	}
	params := train.FreezeParams(m)
	spec := freeze.Spec{Policy: policy, StepsPerEpoch: stepsPerEpoch, Epochs: f.Epochs}
	warmup, err := schedule.ParseWarmup(f.UnfreezeWarmup)
	if err != nil {
		return nil, Usage(err)
	}
	spec.WarmupSteps = warmup.Of(stepsPerEpoch * f.Epochs)
	if f.LayerDecay != "" {
		groups, err := freeze.GroupsOf(params)
		if err != nil {
			return nil, err
		}
		names := make([]string, len(groups))
		for i, g := range groups {
			names[i] = g.Name
		}
		if spec.Rates, err = schedule.ParseLayerDecay(f.LayerDecay, names); err != nil {
			return nil, Usage(err)
		}
	}
	plan, err := freeze.Compile(params, spec)
	return plan, Usage(err)
}

// order draws from the classes equally often where that is asked for.
func (f TrainFlags) order(labels []int, seed uint64) func(epoch int) []int {
	if f.ClassWeights != "sampled" {
		return nil
	}
	return train.BalancedOrder(labels, seed)
}

// loss weighs classes by the inverse of their frequency where that is asked for.
func (f TrainFlags) loss(labels []int, classes int) train.Loss {
	l := train.Loss{LabelSmoothing: f.LabelSmoothing}
	if f.ClassWeights != "balanced" {
		return l
	}
	count := make([]int, classes)
	for _, y := range labels {
		count[y]++
	}
	l.ClassWeights = make([]float64, classes)
	for c, n := range count {
		l.ClassWeights[c] = float64(len(labels)) / float64(classes*max(n, 1))
	}
	return l
}
