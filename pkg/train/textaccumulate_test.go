package train_test

import (
	"context"
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Texts of unequal lengths in micro-batches give the big batch's losses and
// gradients within 1e-6 relative, step after step, the last one ragged: 64 texts
// in steps of 28 leave 8, which are split 7 and 1.
func TestTextAccumulationEqualsTheBigBatch(t *testing.T) {
	tok, err := text.OpenTokenizer(vocabulary(t))
	if err != nil {
		t.Fatal(err)
	}
	ds := openTexts(t, tok, 24)
	defer ds.Close()
	none := 0.0
	run := func(accumulate int) (losses, norms []float64) {
		// The same head each time.
		if err := rt.Seed(1); err != nil {
			t.Fatal(err)
		}
		m, _, err := text.Load(rt, "../text/testdata/bert-tiny", text.LoadOptions{Labels: ds.Classes(), Dropout: &none})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer opt.Close()
		lr, err := schedule.NewConstant(schedule.ConstantOptions{LR: 1e-5}) // Adam multiplies the rounding of gradients near zero
		if err != nil {
			t.Fatal(err)
		}
		_, err = train.Fit(context.Background(), rt, m, ds, nil, train.FitOptions{
			Epochs: 2, Batch: 28, Accumulate: accumulate, Optimizer: opt, Schedule: lr, ClipNorm: 1,
			Loss: train.Loss{ClassWeights: []float64{0.7, 1.4}, LabelSmoothing: 0.1},
			Observe: func(e train.Event) {
				if e, ok := e.(train.StepEvent); ok {
					losses, norms = append(losses, e.Loss), append(norms, e.GradNorm)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return losses, norms
	}
	if rt.Autocast() != torch.Float32 {
		t.Fatal("the runtime of this test is to compute in float32")
	}
	losses, norms := run(1)
	got, gotNorms := run(4)
	if len(losses) != 6 || len(got) != 6 {
		t.Fatalf("%d and %d steps, want 6", len(losses), len(got))
	}
	for i := range losses {
		if d := math.Abs(got[i]-losses[i]) / losses[i]; !(d <= 1e-6) {
			t.Errorf("step %d: loss %.9g in parts, %.9g whole", i+1, got[i], losses[i])
		}
		if d := math.Abs(gotNorms[i]-norms[i]) / norms[i]; !(d <= 1e-6) {
			t.Errorf("step %d: gradient norm %.9g in parts, %.9g whole", i+1, gotNorms[i], norms[i])
		}
	}
}
