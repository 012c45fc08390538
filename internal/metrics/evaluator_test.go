package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// drawExamples draws logits of every size, with ties and with absent classes.
func drawExamples(t *rapid.T) (logits [][]float32, labels []int) {
	c := rapid.IntRange(2, 5).Draw(t, "classes")
	value := rapid.OneOf(
		rapid.Float32Range(-4, 4),
		rapid.Map(rapid.IntRange(-2, 2), func(i int) float32 { return float32(i) }),
		rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32),
	)
	row := rapid.SliceOfN(value, c, c)
	for range rapid.IntRange(1, 40).Draw(t, "examples") {
		logits = append(logits, row.Draw(t, "logits"))
		labels = append(labels, rapid.IntRange(0, c-1).Draw(t, "label"))
	}
	return logits, labels
}

func TestResultIsAlwaysJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits, labels := drawExamples(t)
		r := evaluate(t, Options{Resamples: 20}, logits, labels)
		b, err := json.Marshal(r) // refuses NaN and infinities
		if err != nil {
			t.Fatal(err)
		}
		var again Result
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Errorf("read back from JSON (-want +got):\n%s", diff)
		}
		for what, v := range map[string]float64{
			"accuracy": r.Accuracy, "balanced accuracy": r.BalancedAccuracy, "macro F1": r.Macro.F1,
			"half the Brier score": r.Brier / 2, "ECE": r.Calibration.ECE,
		} {
			if !(v >= 0 && v <= 1+1e-12) {
				t.Errorf("%s is %v", what, v)
			}
		}
		if r.Temperature.LogLossAfter > r.LogLoss*(1+1e-12) {
			t.Errorf("log loss %v, after scaling %v", r.LogLoss, r.Temperature.LogLossAfter)
		}
	})
}

// The order in which examples come does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits, labels := drawExamples(t)
		o := Options{TopLosses: -1, Resamples: -1}
		a := evaluate(t, o, logits, labels)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		rng.Shuffle(len(labels), func(i, j int) {
			logits[i], logits[j] = logits[j], logits[i]
			labels[i], labels[j] = labels[j], labels[i]
		})
		b := evaluate(t, o, logits, labels)
		if diff := cmp.Diff(a, b, cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
			t.Errorf("in another order (-first +second):\n%s", diff)
		}
	})
}

func TestAddErrors(t *testing.T) {
	e, err := NewEvaluator([]string{"neg", "pos"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		logits []float32
		label  int
		want   string
	}{
		{[]float32{1}, 0, "1 logits for 2 classes"},
		{[]float32{1, 2, 3}, 0, "3 logits for 2 classes"},
		{[]float32{1, 2}, 2, "label 2, want 0 to 1"},
		{[]float32{1, 2}, -1, "label -1"},
		{[]float32{1, nan}, 0, `logit of class "pos" is NaN`},
		{[]float32{inf, 1}, 0, `logit of class "neg" is +Inf`},
	} {
		err := e.Add(c.logits, c.label, "review-7")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"review-7"`) {
			t.Errorf("%v, %d: error %v, want %q with the example", c.logits, c.label, err, c.want)
		}
	}
	if diff := cmp.Diff(Result{}, e.Result()); diff != "" {
		t.Errorf("result of no examples (-want +got):\n%s", diff)
	}
	if err := e.Add([]float32{1, 2}, 1, "good"); err != nil {
		t.Fatal(err)
	}
	if r := e.Result(); r.Examples != 1 || r.Accuracy != 1 {
		t.Errorf("after the errors: %+v", r)
	}
	if _, err := NewEvaluator([]string{"one"}, Options{}); err == nil {
		t.Error("an evaluator for one class")
	}
}

// More may be added after a result, and the result stays as it was.
func TestResultIsASnapshot(t *testing.T) {
	e, err := NewEvaluator([]string{"a", "b"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	add := func(z float32, label int) {
		if err := e.Add([]float32{0, z}, label, fmt.Sprint(z)); err != nil {
			t.Fatal(err)
		}
	}
	add(1, 1)
	add(2, 0)
	one := e.Result()
	before, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		add(float32(3+i), 0)
	}
	if after, err := json.Marshal(one); err != nil || string(after) != string(before) {
		t.Errorf("the result changed to %s, %v", after, err)
	}
	if two := e.Result(); two.Examples != 32 || two.TopLosses[0].ID != "32" {
		t.Errorf("second result %+v", two)
	}
}

// Beyond its bound the evaluator keeps a sample, and memory stays flat.
func TestMemoryIsBounded(t *testing.T) {
	const n, bytes = 30_000, 60_000 // 5,000 examples of two classes
	e, err := NewEvaluator([]string{"a", "b"}, Options{ScoreBytes: bytes, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 2)
	var margins []ranked
	next := func() int {
		label := rng.IntN(2)
		logits[1] = float32(rng.NormFloat64() + float64(label))
		return label
	}
	for range 2 * 5000 {
		label := next()
		margins = append(margins, ranked{float64(logits[1]), label == 1})
		if err := e.Add(logits, label, "x"); err != nil {
			t.Fatal(err)
		}
	}
	allocs := testing.AllocsPerRun(n, func() {
		if err := e.Add(logits, next(), "x"); err != nil {
			t.Error(err)
		}
	})
	if allocs > 0.01 {
		t.Errorf("%v allocations an example", allocs)
	}
	r := e.Result()
	if r.Scored != 5000 || r.Examples != 2*5000+n+1 {
		t.Errorf("%d of %d examples scored, want 5000", r.Scored, r.Examples)
	}
	held := 4 * len(e.scores.labels)
	for _, c := range e.scores.chunks {
		held += 4 * len(c)
	}
	if held > bytes {
		t.Errorf("%d bytes of scores, want at most %d", held, bytes)
	}
	// Two normals of distance 1: AUC is Φ(1/√2) = 0.7602. A sample of 5,000 has
	// a standard error of 0.0067.
	if math.Abs(*r.ROCAUC-0.7602) > 0.025 {
		t.Errorf("ROC AUC %v of a sample, want 0.76", *r.ROCAUC)
	}
}

// Each example is as likely to be in the sample as any other.
func TestSampleIsUniform(t *testing.T) {
	const n, runs = 4096, 300
	var kept [4]int
	for seed := range uint64(runs) {
		r := newReservoir(2, 0, seed)
		for i := range n {
			r.add([]float32{float32(i), 0}, 0)
		}
		if r.kept() != chunkRows {
			t.Fatalf("%d kept", r.kept())
		}
		for _, row := range r.rows() {
			kept[int(row[0])*4/n]++
		}
	}
	for quarter, k := range kept {
		want := float64(runs) * chunkRows / 4
		if math.Abs(float64(k)-want) > 5*math.Sqrt(want) {
			t.Errorf("%d examples of quarter %d kept, want %v", k, quarter, want)
		}
	}
}

// A bin contains its upper edge, as in the paper.
func TestConfidenceOnAnEdge(t *testing.T) {
	r := evaluate(t, Options{}, [][]float32{{1, 1, 1}}, []int{0}) // a confidence of 5/15
	for i, b := range r.Calibration.Bins {
		if want := i == 4; (b.Count == 1) != want {
			t.Errorf("%d examples in bin (%.3f, %.3f]", b.Count, b.Low, b.High)
		}
	}
}
