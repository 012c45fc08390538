package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
)

func goodFlags() TrainFlags {
	return TrainFlags{
		ValFraction: 0.2, Epochs: 3, Batch: 8, Accumulate: 1, LR: 5e-5, Schedule: "linear", Warmup: "0",
		WeightDecay: 0.01, Clip: 1, ClassWeights: "none", EvalBatch: 32, Keep: 1, BestBy: "accuracy",
	}
}

func TestTrainFlagsTellAllFaults(t *testing.T) {
	if err := goodFlags().Validate(); err != nil {
		t.Fatal(err)
	}
	bad := TrainFlags{
		ValFraction: 1, Limit: -1, Batch: 0, Accumulate: 0, LR: 10, Schedule: "zigzag", Warmup: "x", WeightDecay: -1,
		Clip: -1, LabelSmoothing: 1, Freeze: "[", EarlyStop: -1, EvalBatch: 0, CheckpointEvery: "often", Keep: 0,
		ClipValue: -1, EMA: 1, EarlyStopMetric: "auc", EarlyStopMin: -1, UnfreezeWarmup: "x",
	}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, flag := range []string{
		"val-fraction", "limit", "batch", "accumulate", "lr", "schedule", "warmup", "weight-decay", "clip", "label-smoothing",
		"freeze", "early-stop", "eval-batch", "checkpoint-every", "keep",
		"clip-value", "ema", "early-stop-metric", "early-stop-min", "unfreeze-warmup",
	} {
		if !strings.Contains(err.Error(), "--"+flag) {
			t.Errorf("nothing about --%s in\n%v", flag, err)
		}
	}
	odd := goodFlags()
	odd.Accumulate = 3
	if err := odd.Validate(); err == nil || err.Error() != "--accumulate: 3 does not divide --batch 8" {
		t.Errorf("error %v", err)
	}
}

// What is wrong with a flag for so much data names that flag.
func TestFaultsOfTheDataNameTheirFlag(t *testing.T) {
	for _, name := range schedule.Names() {
		f := goodFlags()
		f.Schedule, f.Warmup = name, "100"
		if _, err := f.schedule(18); err == nil || err.Error() != "--warmup 100: warm-up of 100 steps, longer than the training's 18" {
			t.Errorf("%s: error %v", name, err)
		}
		f.Warmup = "18"
		if _, err := f.schedule(18); err != nil {
			t.Errorf("%s: error %v", name, err)
		}
	}
	f := goodFlags()
	few := errors.New("a split needs two")
	if got := f.SplitFault(few).Error(); got != "--val-fraction: a split needs two" {
		t.Error(got)
	}
	f.Limit = 1
	if got := f.SplitFault(few).Error(); got != "--val-fraction, --limit 1: a split needs two" {
		t.Error(got)
	}
}

func TestFlagsThatNeedValidation(t *testing.T) {
	if err := goodFlags().withoutValidation(); err != nil {
		t.Errorf("error %v", err)
	}
	f := goodFlags()
	f.EarlyStop, f.Schedule, f.Unfreeze = 2, "plateau", "plateau"
	err := f.withoutValidation()
	if use := new(UsageError); !errors.As(err, &use) {
		t.Fatalf("error %v", err)
	}
	for _, flag := range []string{"--early-stop", "--schedule plateau", "--unfreeze plateau"} {
		if !strings.Contains(err.Error(), flag+": there is no validation data") {
			t.Errorf("nothing about %s in %v", flag, err)
		}
	}
}

func TestBalancedLoss(t *testing.T) {
	f := goodFlags()
	labels := []int{0, 0, 0, 1}
	if l := f.loss(labels, 2); l.ClassWeights != nil {
		t.Errorf("weights %v without being asked for", l.ClassWeights)
	}
	f.ClassWeights, f.LabelSmoothing = "balanced", 0.1
	l := f.loss(labels, 3) // n / (classes × count), as scikit-learn's "balanced"; a class without examples counts as one
	if d := cmp.Diff([]float64{4.0 / 9, 4.0 / 3, 4.0 / 3}, l.ClassWeights); d != "" || l.LabelSmoothing != 0.1 {
		t.Errorf("smoothing %g, weights %s", l.LabelSmoothing, d)
	}
}

func TestMachineFlags(t *testing.T) {
	good := Machine{Processor: Processor{Device: "auto", Precision: "auto"}, Workers: -1}
	for _, d := range []string{"auto", "cpu", "cuda", "cuda:1"} {
		good.Device = d
		var absent *torch.DeviceError // before anything is fetched
		if err := good.Validate(); err != nil && (!strings.HasPrefix(d, "cuda") || !errors.As(err, &absent)) {
			t.Errorf("--device %s: %v", d, err)
		}
	}
	err := Machine{Processor: Processor{Device: "tpu", Threads: -1}, Workers: -2}.Validate()
	for _, want := range []string{`--device: device "tpu"`, "--threads: -1", "--workers: -2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	if n := (Machine{Workers: 3}).WorkerCount(); n != 3 {
		t.Errorf("%d workers, want 3", n)
	}
	if n := good.WorkerCount(); n < 1 {
		t.Errorf("%d workers for one per core", n)
	}
}

// Flags that contradict one another are told together, beside what is wrong with
// each alone; what only looks like it is not.
func TestFlagsThatContradict(t *testing.T) {
	f := goodFlags()
	f.EarlyStop, f.UnfreezeWarmup, f.LayerDecay, f.Freeze, f.Clip = 3, "10", "2", "all", -1
	err := f.Validate()
	for _, want := range []string{
		"--early-stop 3: the run's --epochs 3 are over", "--unfreeze-warmup: without --unfreeze", `--layer-decay "2"`,
		"--freeze all: nothing trains", "--clip: -1",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	both := goodFlags()
	both.Freeze, both.Unfreeze = "embeddings, layer.0", "head@0,layer.0@0"
	if err := both.Validate(); err == nil || err.Error() != "--freeze, --unfreeze: layer.0 is frozen, and to train from the start" {
		t.Errorf("error %v", err)
	}
	for _, change := range []func(*TrainFlags){
		func(f *TrainFlags) { f.Freeze, f.Unfreeze = "layer.0", "head@0,layer.0@1" }, // frozen until then
		func(f *TrainFlags) { f.Freeze, f.Unfreeze = "all", "head@0" },
		func(f *TrainFlags) { f.Freeze = "all,!head" },
		func(f *TrainFlags) { f.Unfreeze, f.UnfreezeWarmup = "gradual", "0.1" },
		func(f *TrainFlags) { f.EarlyStop = 2 },
		func(f *TrainFlags) { f.LayerDecay = "0.9" },
		func(f *TrainFlags) { f.LayerDecay = "head=1,*=0.5" },
	} {
		f := goodFlags()
		change(&f)
		if err := f.Validate(); err != nil {
			t.Errorf("freeze %q, unfreeze %q: %v", f.Freeze, f.Unfreeze, err)
		}
	}
}

// What depends on the data is told before the weights are read, all at once.
func TestFlagsThatTheDataContradicts(t *testing.T) {
	f := goodFlags()
	f.Warmup = "31"
	if err := f.CheckData(80, true); err != nil {
		t.Logf("as it should be: %v", err)
	} else {
		t.Error("31 steps of warm-up fit into 30")
	}
	f.EvalFirst, f.EarlyStop = true, 1
	err := f.CheckData(80, false)
	var use *UsageError
	for _, want := range []string{"warm-up of 31 steps, longer than the training's 30", "--early-stop: there is no validation", "--eval-first: there is no validation"} {
		if !errors.As(err, &use) || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if err := goodFlags().CheckData(80, false); err != nil {
		t.Error(err)
	}
}
