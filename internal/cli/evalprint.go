package cli

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/internal/report"
)

// printEval writes an evaluation for a person: figures, classes, confusions, what
// the model was most wrong on.
func printEval(w io.Writer, e *report.Evaluation, o EvalOptions) error {
	r := e.Result
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	var in metrics.Intervals
	if r.Intervals != nil {
		in = *r.Intervals
	}
	interval := func(i metrics.Interval) string {
		if in.Resamples == 0 {
			return ""
		}
		return fmt.Sprintf("95 %%: %.4f to %.4f", i.Low, i.High)
	}
	if o.Split.Name != "" {
		row("split", o.Split.Name)
	}
	row("examples", plural.Of(r.Examples, o.Unit))
	row("accuracy", fmt.Sprintf("%.4f", r.Accuracy), interval(in.Accuracy))
	row("balanced", fmt.Sprintf("%.4f", r.BalancedAccuracy))
	row("F1 (macro)", fmt.Sprintf("%.4f", r.Macro.F1), interval(in.F1))
	row("loss", fmt.Sprintf("%.4f", r.LogLoss), interval(in.LogLoss))
	if r.ROCAUC != nil {
		row("ROC AUC", fmt.Sprintf("%.4f", *r.ROCAUC))
	}
	if r.PRAUC != nil {
		row("PR AUC", fmt.Sprintf("%.4f", *r.PRAUC))
	}
	row("calibration", fmt.Sprintf("%.4f", r.Calibration.ECE), "expected error of the probabilities")
	if t := r.Temperature; t != nil && !t.AtBound {
		row("", fmt.Sprintf("%.4f", t.ECEAfter), fmt.Sprintf("were the logits divided by a temperature of %.4g (log loss %.4f)", t.T, t.LogLossAfter))
	}
	if r.Scored < r.Examples {
		row("sample", fmt.Sprint(r.Scored), "examples that areas, temperature and the loss's interval rest on")
	}
	fmt.Fprintln(t)
	row("class", "examples", "precision", "recall", "F1")
	for _, c := range r.Classes {
		row(c.Name, fmt.Sprint(c.Support), fmt.Sprintf("%.4f", c.Precision), fmt.Sprintf("%.4f", c.Recall), fmt.Sprintf("%.4f", c.F1))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printConfusion(w, r); err != nil {
		return err
	}
	return printTopLosses(w, e)
}

// printTopLosses lists the examples with the model's answer and its probability.
func printTopLosses(w io.Writer, e *report.Evaluation) error {
	if len(e.Top) == 0 {
		return nil
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "\ntop losses: the least likely labels; those taken for another class are often wrong labels\n")
	for _, t := range e.Top {
		verdict := "is " + t.Label
		if t.Predicted != t.Label {
			verdict += ", taken for " + t.Predicted
		}
		fmt.Fprintf(b, "%.4f  %s  %s (%.3f)\n", t.Loss.Loss, t.ID, verdict, slices.Max(t.Scores))
		for _, text := range []string{t.Text, t.Pair} {
			if text != "" {
				fmt.Fprintf(b, "        %s\n", oneLine(text, 100))
			}
		}
	}
	return b.Flush()
}

// oneLine is the beginning of a text without its line breaks.
func oneLine(text string, most int) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

// printComparison writes two models' figures side by side.
func printComparison(w io.Writer, results []*report.Evaluation, c *report.Comparison, o EvalOptions) error {
	a, b := results[0], results[1]
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "A\t%s\nB\t%s\n", c.A, c.B)
	if o.Split.Name != "" {
		fmt.Fprintf(t, "split\t%s\n", o.Split.Name)
	}
	fmt.Fprintln(t)
	fmt.Fprintf(t, "%s\tA\tB\n", plural.Of(a.Examples, o.Unit))
	row := func(name string, x, y float64) { fmt.Fprintf(t, "%s\t%.4f\t%.4f\n", name, x, y) }
	row("accuracy", a.Accuracy, b.Accuracy)
	row("balanced", a.BalancedAccuracy, b.BalancedAccuracy)
	row("F1 (macro)", a.Macro.F1, b.Macro.F1)
	row("loss", a.LogLoss, b.LogLoss)
	if a.ROCAUC != nil && b.ROCAUC != nil {
		row("ROC AUC", *a.ROCAUC, *b.ROCAUC)
		row("PR AUC", *a.PRAUC, *b.PRAUC)
	}
	row("calibration", a.Calibration.ECE, b.Calibration.ECE)
	fmt.Fprintf(t, "\nboth right\t%d\nA alone\t%d\nB alone\t%d\nneither\t%d\n", c.Both, c.OnlyA, c.OnlyB, c.Neither)
	kind := "chi-square " + fmt.Sprintf("%.3f", c.McNemar.Statistic)
	if c.McNemar.Exact {
		kind = "exact"
	}
	verdict := "such a difference may well be chance"
	if c.McNemar.P < 0.05 {
		verdict = "so large a difference is seldom chance"
	}
	fmt.Fprintf(t, "McNemar\tp = %.4g\t(%s): %s\n", c.McNemar.P, kind, verdict)
	return t.Flush()
}

// printConfusion writes the matrix of a few classes, and else the most frequent
// confusions.
func printConfusion(w io.Writer, r metrics.Result) error {
	const most = 12
	if len(r.Classes) > most {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprint(t, "\nmost confused\ttaken for\texamples\tof the class\n")
		for _, c := range report.MostConfused(&r, most) {
			fmt.Fprintf(t, "%s\t%s\t%d\t%.1f %%\n", c.Label, c.Predicted, c.N, 100*c.Share)
		}
		return t.Flush()
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\ntrue \\ predicted\t")
	for _, c := range r.Classes {
		fmt.Fprintf(t, "%s\t", c.Name)
	}
	fmt.Fprintln(t)
	for i, c := range r.Classes {
		fmt.Fprintf(t, "%s\t", c.Name)
		for _, n := range r.Confusion[i] {
			fmt.Fprintf(t, "%d\t", n)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}
