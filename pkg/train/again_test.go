package train_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

// A new run does not begin among the checkpoints of another.
func TestNewRunInAnotherOnesFolder(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir}}).fit(t); err != nil {
		t.Fatal(err)
	}
	_, _, err := toy{opts: train.FitOptions{Dir: dir, Epochs: 1}}.fit(t)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "Resume") {
		t.Errorf("error %v, want one that names %s and Resume", err, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoints", "step-000033")); err != nil {
		t.Error(err)
	}
}

// A run that goes on with the objects of a run that went further does so as one with
// new ones: neither moments nor observed losses are left.
func TestResumeWithTheSameObjects(t *testing.T) {
	m := layered{newMLP(t, 0)}
	policy, err := freeze.Parse("", "out@0,hidden@1")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := freeze.Compile(train.FreezeParams(m), freeze.Spec{Policy: policy, StepsPerEpoch: 11, Epochs: 3})
	if err != nil {
		t.Fatal(err)
	}
	lr, err := schedule.NewReducePlateau(schedule.ReducePlateauOptions{
		LR: 0.02, Factor: 0.5, Plateau: schedule.PlateauOptions{Patience: -1, Threshold: 0.9},
	})
	if err != nil {
		t.Fatal(err)
	}
	opt := newAdam(t, m.mlp, train.AdamOptions{})
	defer opt.Close()
	dir := t.TempDir()
	o := train.FitOptions{
		Epochs: 3, Batch: 20, Optimizer: opt, Schedule: lr, Freeze: plan,
		Dir: dir, Keep: 9, CheckpointEvery: train.Cadence{Epochs: 1},
	}
	fit := func() map[string][]float32 {
		t.Helper()
		_, err := train.Fit(context.Background(), rt, train.Model[*pointBatch](m), train.Data[*pointBatch](newPoints(210, 1)), train.Data[*pointBatch](newPoints(100, 2)), o)
		if err != nil {
			t.Fatal(err)
		}
		return m.weights(t)
	}
	want, rate := fit(), lr.At(0)
	if rate != 0.02/4 {
		t.Fatalf("the rate is %g after three epochs, want it halved twice", rate)
	}
	later := func(step string) error { return os.RemoveAll(filepath.Join(dir, "checkpoints", step)) }
	if err := errors.Join(later("step-000022"), later("step-000033")); err != nil {
		t.Fatal(err)
	}
	o.Resume = true
	if d := cmp.Diff(want, fit()); d != "" {
		t.Errorf("weights differ:\n%s", d)
	}
	if lr.At(0) != rate {
		t.Errorf("rate %g, want %g", lr.At(0), rate)
	}
}
