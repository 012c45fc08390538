package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldens are metrics by scikit-learn, scipy and statsmodels, written by
// hack/goldens/metrics/metrics.py.
type goldens struct {
	Sets    []goldenSet
	McNemar [][]any // only a, only b, statistic, p, exact
}

type goldenSet struct {
	Name                  string
	Logits                [][]float32
	Labels                []int
	Accuracy, Balanced    float64
	Macro, Weighted       [3]float64 // precision, recall, F1
	Precision, Recall, F1 []float64
	Support               []int
	Confusion             Confusion
	LogLoss               float64 `json:"log_loss"`
	Brier                 float64
	AUC, AP               *float64
	AUCs, APs             []*float64
	ECE                   float64
	Bins                  [][3]float64
	Temperature           *[3]float64 // T, log loss and ECE after
	Worst                 []int
	AccuracyInterval      [2]float64 `json:"accuracy_interval"`
	LogLossInterval       [2]float64 `json:"log_loss_interval"`
}

func readGoldens(t *testing.T) goldens {
	t.Helper()
	b, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldens
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// classNames returns "a", "b", … for c classes.
func classNames(c int) []string {
	names := make([]string, c)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	return names
}

// evaluate returns the result for logits and labels; ids are their indices.
func evaluate(t interface {
	Helper()
	Fatal(...any)
}, o Options, logits [][]float32, labels []int,
) Result {
	t.Helper()
	e, err := NewEvaluator(classNames(len(logits[0])), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range logits {
		if err := e.Add(row, labels[i], fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	return e.Result()
}

// checker compares within 1e-9, relative for what is above 1: the oracle's sums
// are in another order.
type checker struct{ *testing.T }

func (t checker) near(what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
		t.Errorf("%s %v, want %v", what, got, want)
	}
}

func (t checker) nearOrNil(what string, got, want *float64) {
	t.Helper()
	switch {
	case got != nil && want != nil:
		t.near(what, *got, *want)
	case got != want:
		t.Errorf("%s %v, want %v", what, got, want)
	}
}

func (t checker) prf(what string, got PRF, want [3]float64) {
	t.Helper()
	t.near(what+" precision", got.Precision, want[0])
	t.near(what+" recall", got.Recall, want[1])
	t.near(what+" F1", got.F1, want[2])
}

func TestEqualsScikitLearn(t *testing.T) {
	sets := readGoldens(t).Sets
	if len(sets) != 10 {
		t.Fatalf("%d golden sets, want 10", len(sets))
	}
	for _, g := range sets {
		t.Run(g.Name, func(t *testing.T) {
			r, c := evaluate(t, Options{TopLosses: 7}, g.Logits, g.Labels), checker{t}
			c.near("accuracy", r.Accuracy, g.Accuracy)
			c.near("balanced accuracy", r.BalancedAccuracy, g.Balanced)
			c.prf("macro", r.Macro, g.Macro)
			c.prf("weighted", r.Weighted, g.Weighted)
			c.near("log loss", r.LogLoss, g.LogLoss)
			c.near("Brier score", r.Brier, g.Brier)
			c.nearOrNil("ROC AUC", r.ROCAUC, g.AUC)
			c.nearOrNil("PR AUC", r.PRAUC, g.AP)
			for k, class := range r.Classes {
				c.prf("class "+class.Name, class.PRF, [3]float64{g.Precision[k], g.Recall[k], g.F1[k]})
				c.nearOrNil("ROC AUC of class "+class.Name, class.ROCAUC, g.AUCs[k])
				c.nearOrNil("PR AUC of class "+class.Name, class.PRAUC, g.APs[k])
				if class.Support != g.Support[k] {
					t.Errorf("support of class %s: %d, want %d", class.Name, class.Support, g.Support[k])
				}
			}
			if diff := cmp.Diff(g.Confusion, r.Confusion); diff != "" {
				t.Errorf("confusion matrix (-want +got):\n%s", diff)
			}
			c.near("ECE", r.Calibration.ECE, g.ECE)
			if len(r.Calibration.Bins) != len(g.Bins) {
				t.Fatalf("%d bins", len(r.Calibration.Bins))
			}
			for i, b := range r.Calibration.Bins {
				c.near(fmt.Sprintf("count of bin %d", i), float64(b.Count), g.Bins[i][0])
				c.near(fmt.Sprintf("confidence of bin %d", i), b.Confidence, g.Bins[i][1])
				c.near(fmt.Sprintf("accuracy of bin %d", i), b.Accuracy, g.Bins[i][2])
			}
			var worst []string
			for _, i := range g.Worst {
				worst = append(worst, fmt.Sprint(i))
			}
			var got []string
			for _, l := range r.TopLosses {
				got = append(got, l.ID)
			}
			if diff := cmp.Diff(worst, got); diff != "" {
				t.Errorf("top losses (-want +got):\n%s", diff)
			}
			checkTemperature(c, r.Temperature, g)
		})
	}
}

func checkTemperature(t checker, got *Temperature, g goldenSet) {
	t.near("log loss before scaling", got.LogLossBefore, g.LogLoss)
	t.near("ECE before scaling", got.ECEBefore, g.ECE)
	if got.LogLossAfter > got.LogLossBefore {
		t.Errorf("log loss %v after scaling, %v before", got.LogLossAfter, got.LogLossBefore)
	}
	if g.Temperature == nil {
		if !got.AtBound {
			t.Errorf("temperature %v, want one at its bound", got.T)
		}
		return
	}
	t.near("temperature", got.T, g.Temperature[0])
	t.near("log loss after scaling", got.LogLossAfter, g.Temperature[1])
	t.near("ECE after scaling", got.ECEAfter, g.Temperature[2])
}

// The oracle's intervals are statsmodels' of the accuracy, and of the loss scipy's own
// bootstrap. Random numbers differ, so the ends of the latter agree within their
// sampling error: with 4,000 resamples a 2.5th percentile has one of 1 % of the width.
func TestIntervalsAgreeWithStatsmodelsAndScipy(t *testing.T) {
	for _, g := range readGoldens(t).Sets {
		r := evaluate(t, Options{Resamples: 4000, Seed: 3}, g.Logits, g.Labels)
		within := func(what string, got Interval, want [2]float64, tolerance float64) {
			t.Helper()
			if math.Abs(got.Low-want[0]) > tolerance || math.Abs(got.High-want[1]) > tolerance {
				t.Errorf("%s: %s %v, want %v", g.Name, what, got, want)
			}
		}
		within("accuracy", r.Intervals.Accuracy, g.AccuracyInterval, 1e-12)
		within("log loss", r.Intervals.LogLoss, g.LogLossInterval, 0.04*(g.LogLossInterval[1]-g.LogLossInterval[0]))
		if f := r.Intervals.F1; !(f.Low <= r.Macro.F1+1e-9 && f.High >= r.Macro.F1-0.05) {
			t.Errorf("%s: F1 %v in interval %v", g.Name, r.Macro.F1, f)
		}
	}
}

func TestMcNemarEqualsStatsmodels(t *testing.T) {
	c, g := checker{t}, readGoldens(t)
	if len(g.McNemar) != 11 {
		t.Fatalf("%d golden tests", len(g.McNemar))
	}
	for _, want := range g.McNemar {
		a, b := int(want[0].(float64)), int(want[1].(float64))
		got, err := McNemarTest(a, b)
		if err != nil {
			t.Fatal(err)
		}
		c.near(fmt.Sprintf("statistic of %d, %d:", a, b), got.Statistic, want[2].(float64))
		c.near(fmt.Sprintf("p of %d, %d:", a, b), got.P, want[3].(float64))
		if p := want[3].(float64); math.Abs(got.P/p-1) > 1e-9 { // the small ones too
			t.Errorf("p of %d, %d: %v, want %v", a, b, got.P, p)
		}
		if got.Exact != want[4].(bool) {
			t.Errorf("%d, %d: exact %v", a, b, got.Exact)
		}
	}
}
