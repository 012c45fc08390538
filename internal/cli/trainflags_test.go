package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	good := Machine{Device: "auto", Precision: "auto", Workers: -1}
	for _, d := range []string{"auto", "cpu", "cuda", "cuda:1"} {
		good.Device = d
		if err := good.Validate(); err != nil {
			t.Errorf("--device %s: %v", d, err)
		}
	}
	err := Machine{Device: "tpu", Threads: -1, Workers: -2}.Validate()
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
