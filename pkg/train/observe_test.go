package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/train"
)

// layered says which of mlp's layers a parameter belongs to.
type layered struct{ *mlp }

func (layered) Group(param string) string {
	group, _, _ := strings.Cut(param, ".")
	return group
}

// What a run tells of itself suffices to draw who trained when, at which rate,
// and to evaluate it in full.
func TestRunTellsRatesAndPredictions(t *testing.T) {
	m := layered{newMLP(t, 0)}
	policy, err := freeze.Parse("", "out@0,hidden@1")
	if err != nil {
		t.Fatal(err)
	}
	const perEpoch = 2
	plan, err := freeze.Compile(train.FreezeParams(m), freeze.Spec{Policy: policy, StepsPerEpoch: perEpoch, Epochs: 2, Rates: []float64{0.5, 1}})
	if err != nil {
		t.Fatal(err)
	}
	opt, err := train.NewAdam(rt, m.st.Parameters(), train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	var rates [][]float64
	var scores []train.Score
	var hits, seen int
	val := newPoints(30, 2)
	_, err = train.Fit(context.Background(), rt, train.Model[*pointBatch](m), train.Data[*pointBatch](newPoints(40, 1)), train.Data[*pointBatch](val), train.FitOptions{
		Epochs: 2, Batch: 20, Optimizer: opt, Freeze: plan, EvalBatch: 7,
		Schedule: schedule.Func(func(step int) float64 { return float64(step + 1) }),
		Observe: func(e train.Event) {
			switch e := e.(type) {
			case train.StepEvent:
				rates = append(rates, e.Rates)
			case train.PredictionEvent:
				if e.Index != seen || e.Label != int(val.y[seen]) {
					t.Errorf("prediction %d of label %d, want %d of %d", e.Index, e.Label, seen, val.y[seen])
				}
				if e.Class() == e.Label {
					hits++
				}
				seen++
			case train.EpochEvent:
				scores = append(scores, train.Score{Examples: seen, Accuracy: *e.ValAccuracy})
				if got := float64(hits) / 30; got != *e.ValAccuracy {
					t.Errorf("accuracy of the predictions %g, of the epoch %g", got, *e.ValAccuracy)
				}
				hits, seen = 0, 0
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]float64{{0, 1}, {0, 2}, {1.5, 3}, {2, 4}}, rates); d != "" {
		t.Errorf("rates:\n%s", d)
	}
	if len(scores) != 2 || scores[0].Examples != 30 || scores[1].Examples != 30 {
		t.Errorf("evaluations %+v, want two of 30 examples", scores)
	}
}
