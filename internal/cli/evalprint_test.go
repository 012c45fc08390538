package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/internal/report"
)

// evaluated is an evaluation of so many classes in which each is taken for the
// next one once, class 0 five times.
func evaluated(t *testing.T, classes int) *report.Evaluation {
	t.Helper()
	names := make([]string, classes)
	for i := range names {
		names[i] = fmt.Sprintf("class %d", i)
	}
	ev, err := metrics.NewEvaluator(names, metrics.Options{TopLosses: 2, Resamples: -1})
	if err != nil {
		t.Fatal(err)
	}
	add := func(label, predicted int) {
		logits := make([]float32, classes)
		logits[predicted] = 2
		if err := ev.Add(logits, label, fmt.Sprintf("example %d", label)); err != nil {
			t.Fatal(err)
		}
	}
	for c := range classes {
		add(c, (c+1)%classes)
		add(c, c)
	}
	for range 4 {
		add(0, 1)
	}
	return report.NewEvaluation(ev.Result(), func(i int) (report.Sample, error) {
		if i == 0 {
			return report.Sample{Text: "one\n\ttwo  " + strings.Repeat("three ", 40)}, nil
		}
		return report.Sample{}, fmt.Errorf("example %d is gone", i)
	})
}

func TestPrintEval(t *testing.T) {
	var out bytes.Buffer
	if err := printEval(&out, evaluated(t, 3), EvalOptions{Unit: "images", Split: Split{Name: "test"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"split        test\nexamples     10 images\n", "  true \\ predicted  class 0  class 1  class 2\n", "          class 0        1        5        0\n",
		"\n\ntop losses: the least likely labels; those taken for another class are often wrong labels\n",
		"  example 0  is class 0, taken for class 1 (0.787)\n        one two three three ", "three t…\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}

	// Of many classes the most frequent confusions.
	out.Reset()
	if err := printEval(&out, evaluated(t, 40), EvalOptions{Unit: "images"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "split") {
		t.Errorf("a split of data that has none:\n%s", out.String())
	}
	if strings.Contains(out.String(), "true \\ predicted") || !strings.Contains(out.String(), "most confused  taken for  examples  of the class\nclass 0        class 1    5         83.3 %\n") {
		t.Errorf("the confusions of 40 classes:\n%s", out.String())
	}
}

func TestPrintComparison(t *testing.T) {
	a, b := make([]bool, 100), make([]bool, 100)
	for i := range a {
		a[i], b[i] = i < 90, i >= 60
	}
	c, err := metrics.CompareRight(a, b)
	if err != nil {
		t.Fatal(err)
	}
	results := []*report.Evaluation{evaluated(t, 3), evaluated(t, 3)}
	var out bytes.Buffer
	if err := printComparison(&out, results, &report.Comparison{A: "one", B: "two", Comparison: c}, EvalOptions{Unit: "texts", Split: Split{Name: "val"}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"A      one\nB      two\nsplit  val\n", "accuracy ", "both right  30\nA alone     60\nB alone     10\nneither     0\n",
		"McNemar     p = 4.724e-09  (chi-square 34.300): so large a difference is seldom chance\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestEvalFlags(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		flags EvalFlags
		want  string
	}{
		{EvalFlags{}, ""},
		{EvalFlags{TopLosses: 3, Report: dir + "/new.html"}, ""},
		{EvalFlags{TopLosses: -1}, "--top-losses: -1"},
		{EvalFlags{Report: dir}, "--report: " + dir + " is a folder"},
		{EvalFlags{Report: dir + "/no/page.html"}, "--report: stat " + dir + "/no"},
	} {
		err := c.flags.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v, want %q", c.flags, err, c.want)
		}
	}
}
