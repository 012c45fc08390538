package train_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/train"
)

// A trial's steps are the run's, and after it all is as before, though the
// optimiser has its state.
func TestTrialChangesNothing(t *testing.T) {
	m, data := layered{newMLP(t, 0.1)}, newPoints(50, 1)
	policy, err := freeze.Parse("", "out@0,hidden@1")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := freeze.Compile(train.FreezeParams(m), freeze.Spec{Policy: policy, StepsPerEpoch: 4, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	before, live := state(t, m.mlp), rt.Live()
	opt := newAdam(t, m.mlp, train.AdamOptions{})
	trial, err := train.NewTrial(rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{
		Epochs: 2, Batch: 16, Accumulate: 2, Seed: 7, ClipNorm: 1, Workers: 2, Optimizer: opt, Freeze: plan,
	})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	seen := map[int]int{}
	for step, idx := range trial.Batches(context.Background()) {
		if step != len(sizes) {
			t.Errorf("step %d, want %d", step, len(sizes))
		}
		sizes = append(sizes, len(idx))
		if !slices.Equal(idx, trial.Examples(step)) {
			t.Errorf("step %d: examples %v, or else %v", step, idx, trial.Examples(step))
		}
		for _, i := range idx {
			seen[i]++
		}
		cost, err := trial.Step(context.Background(), step, idx)
		if err != nil {
			t.Fatal(err)
		}
		if cost.Examples != len(idx) || cost.Compute <= 0 || cost.Loss <= 0 {
			t.Errorf("step %d: %+v", step, cost)
		}
		if thawed := opt.State().Get("hidden.weight.exp_avg") != nil; thawed != (step >= 4) {
			t.Errorf("step %d: the hidden layer trains: %v", step, thawed)
		}
	}
	if !slices.Equal(sizes, []int{16, 16, 16, 2, 16, 16, 16, 2}) || len(seen) != 50 {
		t.Errorf("steps of %v examples, %d different ones", sizes, len(seen))
	}
	if cost, err := trial.Eval(context.Background(), data, []int{3, 4, 5}); err != nil || cost.Examples != 3 || cost.Compute <= 0 {
		t.Errorf("evaluation: %+v, %v", cost, err)
	}
	if err := trial.Close(); err != nil {
		t.Fatal(err)
	}
	opt.Close()
	if d := cmp.Diff(before, state(t, m.mlp)); d != "" {
		t.Errorf("the model has changed: %s", d)
	}
	if n := rt.Live(); n != live {
		t.Errorf("%d tensors alive, %d before", n, live)
	}
}

func TestTrialOfNoRun(t *testing.T) {
	m, data := newMLP(t, 0), newPoints(8, 1)
	if _, err := train.NewTrial(rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{Batch: 4, Epochs: 1}); err == nil {
		t.Error("a trial without an optimiser began")
	}
	opt, live := newAdam(t, m, train.AdamOptions{}), rt.Live()
	defer opt.Close()
	if _, err := train.NewTrial(rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{Batch: 4, Optimizer: opt, EMA: 0.9}); err == nil {
		t.Error("a trial of no epochs began")
	}
	if n := rt.Live(); n != live {
		t.Errorf("%d tensors alive, %d before", n, live)
	}
}

// What would an epoch take? One step tells, and changes nothing.
func ExampleTrial() {
	model, err := makeMLP(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Store().Close()
	opt, err := train.NewAdam(rt, model.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opt.Close()
	trial, err := train.NewTrial(rt, train.Model[*pointBatch](model), train.Data[*pointBatch](newPoints(512, 1)),
		train.FitOptions{Epochs: 1, Batch: 128, Optimizer: opt})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer trial.Close()
	cost, err := trial.Step(context.Background(), 0, trial.Examples(0))
	if err != nil {
		fmt.Println(err)
		return
	}
	steps := 0
	for range trial.Batches(context.Background()) {
		steps++
	}
	fmt.Println(steps, "steps of", cost.Examples, "examples:", time.Duration(steps)*cost.Compute > 0)
	// Output: 4 steps of 128 examples: true
}
