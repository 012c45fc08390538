package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

// Open comes first. CPU, GPU, precision and threads are chosen where they are not
// said; Close reports what was left open.
func ExampleOpen() {
	rt, err := train.Open(train.Options{Device: "cpu", Precision: "fp32", Seed: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Close()
	fmt.Println(rt.Device(), rt.Threads())
}

// Fit is the loop with evaluation, early stopping and checkpoints. The same call
// with Resume goes on where the run's folder says it ended.
func ExampleFit() {
	m, err := newSkipNet(rt)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.store.Close()
	opt, err := train.NewAdam(rt, m.store.Parameters(), train.AdamOptions{WeightDecay: 0.01})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opt.Close()
	lr, err := schedule.NewLinear(schedule.LinearOptions{LR: 0.01, Steps: 5 * 256 / 32})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	result, err := train.Fit(context.Background(), rt, m, newPoints(256, 1), newPoints(64, 2), train.FitOptions{
		Epochs: 5, Batch: 32, Seed: 1, Optimizer: opt, ClipNorm: 1,
		Schedule: lr, EarlyStop: 3, RestoreBest: true, Dir: dir,
		Observe: func(e train.Event) {
			if e, ok := e.(train.EpochEvent); ok && e.Epoch == 1 {
				fmt.Println("one epoch is done")
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	kept, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*"))
	fmt.Println(result.Best != nil, len(kept), err)
	// Output:
	// one epoch is done
	// true 1 <nil>
}

// Eval measures a model, here one that knows nothing yet.
func ExampleEval() {
	m, err := newSkipNet(rt)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.store.Close()
	score, err := train.Eval(context.Background(), rt, m, newPoints(100, 2), train.EvalOptions{Batch: 50})
	fmt.Println(score.Examples, score.Loss > 0.5, err)
	// Output: 100 true <nil>
}
