package vision_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
	"github.com/gotune/gotune/pkg/vision"
)

// After a training, what is frozen is as it was to the bit, its running statistics
// too; those of a norm that trains have moved, and are saved.
func TestFitLeavesFrozenAsTheyWere(t *testing.T) {
	in := vision.Input{Size: 64, ShortSide: 64, Fit: vision.FitStretch, Std: [3]float64{1, 1, 1}}
	m := tailTrains(t, in)
	d, err := vision.OpenDataset(pictures(t, 4), vision.DataOptions{Input: in, Augment: "documented", Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{WeightDecay: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	lr, err := schedule.NewConstant(schedule.ConstantOptions{LR: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	before := contents(t, m.Store())
	if _, err := train.Fit(t.Context(), rt, m, d, nil, train.FitOptions{
		Epochs: 2, Batch: 4, Accumulate: 2, Seed: 1, Optimizer: opt, Schedule: lr, EMA: 0.5, ClipNorm: 1,
	}); err != nil {
		t.Fatal(err)
	}
	after := contents(t, m.Store())
	moved := 0
	for name, was := range before {
		trains := slices.Contains([]string{"block5", "head"}, m.Group(name))
		if same := was == after[name]; same == trains {
			t.Errorf("%s of %s: unchanged is %v", name, m.Group(name), same)
		}
		if trains && strings.Contains(name, "running_") {
			moved++
		}
	}
	if moved != 4 {
		t.Errorf("%d running statistics train, want the 4 of block5", moved)
	}
	dir := t.TempDir() + "/model"
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	for name, saved := range contents(t, load(t, dir, vision.LoadOptions{}).Store()) {
		if saved != after[name] {
			t.Errorf("%s is saved as something else", name)
		}
	}
}
