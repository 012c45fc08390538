package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gotune/gotune/internal/metrics"
)

// printEval writes an evaluation for a person: figures, classes, confusions.
func printEval(w io.Writer, r metrics.Result, o EvalOptions) error {
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
	row("examples", fmt.Sprintf("%d %s", r.Examples, o.Unit))
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
	fmt.Fprintln(t)
	row("class", "examples", "precision", "recall", "F1")
	for _, c := range r.Classes {
		row(c.Name, fmt.Sprint(c.Support), fmt.Sprintf("%.4f", c.Precision), fmt.Sprintf("%.4f", c.Recall), fmt.Sprintf("%.4f", c.F1))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printConfusion(w, r)
}

// printConfusion writes the matrix of a few classes, and else the most frequent
// confusions.
func printConfusion(w io.Writer, r metrics.Result) error {
	const most = 12
	if len(r.Classes) > most {
		return nil
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
