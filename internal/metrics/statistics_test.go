package metrics

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestIntervalsAreSeeded(t *testing.T) {
	g := readGoldens(t).Sets[0]
	a := evaluate(t, Options{Seed: 1}, g.Logits, g.Labels).Intervals
	b := evaluate(t, Options{Seed: 1}, g.Logits, g.Labels).Intervals
	c := evaluate(t, Options{Seed: 2}, g.Logits, g.Labels).Intervals
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("same seed (-first +second):\n%s", diff)
	}
	if a.LogLoss == c.LogLoss {
		t.Errorf("seeds 1 and 2 both give %v", a.LogLoss)
	}
	if a.Resamples != 1000 || a.Seed != 1 {
		t.Errorf("intervals %+v", a)
	}
	if r := evaluate(t, Options{Resamples: -1}, g.Logits, g.Labels); r.Intervals != nil {
		t.Errorf("intervals %+v, want none", r.Intervals)
	}
}

// The oracle is Wilson's formula, computed by hand. A point would say that nothing can
// go wrong, of three examples.
func TestAccuracyIntervalHasAWidth(t *testing.T) {
	for _, c := range []struct {
		right, n  int
		low, high float64
	}{
		{3, 3, 0.4385, 1},
		{0, 3, 0, 0.5615},
		{60, 60, 0.9398, 1},
		{45, 60, 0.6277, 0.8422},
		{1, 2, 0.0945, 0.9055},
		{900, 1000, 0.8798, 0.9171},
	} {
		e, err := NewEvaluator([]string{"a", "b"}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.n {
			logits := []float32{0, 1}
			if i < c.right {
				logits = []float32{1, 0}
			}
			if err := e.Add(logits, 0, ""); err != nil {
				t.Fatal(err)
			}
		}
		got := e.Result().Intervals.Accuracy
		if math.Abs(got.Low-c.low) > 5e-5 || math.Abs(got.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: %v, want %g to %g", c.right, c.n, got, c.low, c.high)
		}
		if c.right == c.n && got.High != 1 || c.right == 0 && got.Low != 0 {
			t.Errorf("%d of %d: %v, want an end to be 0 or 1", c.right, c.n, got)
		}
	}
}

// Groups of losses give the interval that drawing single examples does.
func TestGroupedBootstrap(t *testing.T) {
	const n, resamples = drawnSingly + 1, 800
	rng := rand.New(rand.NewPCG(3, 4))
	losses := make([]float64, n)
	for i := range losses {
		// A tail so long that a part of the variance lies within the last group.
		losses[i] = math.Pow(rng.ExpFloat64(), 3)
	}
	singly := make([]float64, resamples)
	for b := range singly {
		for range n {
			singly[b] += losses[rng.IntN(n)] / n
		}
	}
	want := percentiles(singly)
	got := percentiles(resampledMeans(losses, n, resamples, rand.NewPCG(5, 6)))
	// Of 800 resamples, the 2.5th percentile has an error of 2.4 % of the width.
	tolerance := 0.06 * (want.High - want.Low)
	if math.Abs(got.Low-want.Low) > tolerance || math.Abs(got.High-want.High) > tolerance {
		t.Errorf("interval %v, want %v", got, want)
	}
}

// The draws have the multinomial's means and variances.
func TestMultinomial(t *testing.T) {
	for _, c := range []struct {
		n       int
		weights []float64
	}{
		{10, []float64{1, 2, 3}},
		{1000, []float64{900, 99, 1}},
		{5000, []float64{1, 1, 4998}},
		{30000, []float64{0.5, 0.25, 0.125, 0.125}},
	} {
		const draws = 5000
		src := rand.NewPCG(7, uint64(c.n))
		var total float64
		for _, w := range c.weights {
			total += w
		}
		sums, squares := make([]float64, len(c.weights)), make([]float64, len(c.weights))
		into := make([]int, len(c.weights))
		for range draws {
			multinomial(into, c.n, c.weights, src)
			left := c.n
			for i, k := range into {
				left -= k
				sums[i] += float64(k)
				squares[i] += float64(k) * float64(k)
			}
			if left != 0 {
				t.Fatalf("%v adds up to %d, want %d", into, c.n-left, c.n)
			}
		}
		for i, w := range c.weights {
			p := w / total
			mean, variance := float64(c.n)*p, float64(c.n)*p*(1-p)
			gotMean := sums[i] / draws
			gotVariance := squares[i]/draws - gotMean*gotMean
			if math.Abs(gotMean-mean) > 5*math.Sqrt(variance/draws) || math.Abs(gotVariance/variance-1) > 0.1 {
				t.Errorf("n %d, p %v: mean %v, want %v; variance %v, want %v", c.n, p, gotMean, mean, gotVariance, variance)
			}
		}
	}
}

func TestBootstrapCountsAsConfusionDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.IntRange(2, 5).Draw(t, "classes")
		m := NewConfusion(c)
		var cells []cell
		var drawn []int
		for i := range c {
			for j := range c {
				k := rapid.IntRange(0, 3).Draw(t, "count")
				m[i][j] = k
				cells, drawn = append(cells, cell{i, j}), append(drawn, k)
			}
		}
		m[0][0]++ // never empty
		drawn[0]++
		f1 := macroF1(cells, drawn, make([]int, c), make([]int, c))
		if math.Abs(f1-m.Macro().F1) > 1e-12 {
			t.Errorf("F1 %v of the cells, %v of the matrix", f1, m.Macro().F1)
		}
	})
}

func TestEmptyConfusion(t *testing.T) {
	m := NewConfusion(3)
	if m.Accuracy() != 0 || m.BalancedAccuracy() != 0 || m.Macro() != (PRF{}) || m.Weighted() != (PRF{}) {
		t.Errorf("of no examples: %v, %v, %v, %v", m.Accuracy(), m.BalancedAccuracy(), m.Macro(), m.Weighted())
	}
}

func TestCompare(t *testing.T) {
	labels := []int{0, 1, 1, 0, 2}
	got, err := Compare(labels, []int{0, 1, 0, 1, 2}, []int{0, 0, 1, 2, 2})
	if err != nil {
		t.Fatal(err)
	}
	want := Comparison{
		Examples: 5, AccuracyA: 0.6, AccuracyB: 0.6, Both: 2, OnlyA: 1, OnlyB: 1, Neither: 1,
		McNemar: McNemar{Statistic: 1, P: 1, Exact: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
	if _, err := Compare(labels, labels[:4], labels); err == nil || !strings.Contains(err.Error(), "4 and 5 examples for 5 labels") {
		t.Errorf("error %v", err)
	}
	if _, err := Compare(nil, nil, nil); err == nil {
		t.Error("a comparison on no examples")
	}
	if _, err := CompareRight(make([]bool, 3), make([]bool, 4)); err == nil || !strings.Contains(err.Error(), "3 examples, and to 4") {
		t.Errorf("error %v", err)
	}
	if _, err := McNemarTest(-1, 3); err == nil || !strings.Contains(err.Error(), "-1 and 3") {
		t.Errorf("error %v", err)
	}
}

func TestMcNemarIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(0, 300).Draw(t, "only a"), rapid.IntRange(0, 300).Draw(t, "only b")
		ab, err1 := McNemarTest(a, b)
		ba, err2 := McNemarTest(b, a)
		if err1 != nil || err2 != nil || ab != ba {
			t.Errorf("%+v and %+v, %v, %v", ab, ba, err1, err2)
		}
		if !(ab.P >= 0 && ab.P <= 1) || a == b && ab.P != 1 {
			t.Errorf("p of %d, %d is %v", a, b, ab.P)
		}
		if more, err := McNemarTest(a+1, b); err == nil && a > b && more.Exact == ab.Exact && more.P > ab.P {
			t.Errorf("p of %d, %d is %v, of one more %v", a, b, ab.P, more.P)
		}
	})
}
