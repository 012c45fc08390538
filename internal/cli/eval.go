package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// EvalOptions are what the verb eval passes to Eval.
type EvalOptions struct {
	Flags   EvalFlags
	Data    string
	Split   Split // the part of Data that is measured
	Machine Machine
	Batch   int
	Unit    string
}

// Judged is a model and the data that it is measured on, as it reads them.
type Judged[B train.Batch] struct {
	Name   string
	Model  train.Model[B]
	Data   Labelled[B]
	Order  []int                              // in which Data is walked; nil: its own
	Sample func(i int) (report.Sample, error) // an example of Data to look at
}

// Eval measures one model, or two on the same data, and prints the results.
// Memory is that of Evaluator's bound, and a byte an example where there are two.
func Eval[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, models []Judged[B], o EvalOptions) error {
	if len(models) == 2 {
		if err := sameQuestion(models[0], models[1]); err != nil {
			return err
		}
	}
	if n := o.Split.Without; n > 0 {
		fmt.Fprintf(env.Stderr, "data     without a label that is a class are %s of the test split: left out, and %s is measured\n", plural.Of(n, "examples"), o.Split.Name)
	}
	var results []*report.Evaluation
	var right [][]bool
	for _, m := range models {
		r, hits, err := judge(ctx, env, rt, m, o)
		if err != nil {
			return err
		}
		results, right = append(results, r), append(right, hits)
	}
	var comparison *report.Comparison
	if len(models) == 2 {
		c, err := metrics.CompareRight(right[0], right[1])
		if err != nil {
			return err
		}
		comparison = &report.Comparison{A: models[0].Name, B: models[1].Name, Comparison: c}
	}
	if o.Flags.Report != "" {
		page := report.Page{
			Program: env.Program, Title: models[0].Name, Unit: o.Unit, Classes: models[0].Model.Classes(),
			Evaluation: results[0], Comparison: comparison,
		}
		if err := page.Write(o.Flags.Report); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	for _, r := range results {
		for i := range r.Top {
			r.Top[i].Image = nil // to look at, not to read
		}
	}
	switch {
	case o.Flags.JSON && comparison == nil:
		return json.NewEncoder(env.Stdout).Encode(results[0])
	case o.Flags.JSON:
		return json.NewEncoder(env.Stdout).Encode(struct {
			Models     []*report.Evaluation `json:"models"`
			Comparison *report.Comparison   `json:"comparison"`
		}{results, comparison})
	case comparison == nil:
		return printEval(env.Stdout, results[0], o)
	}
	return printComparison(env.Stdout, results, comparison, o)
}

// sameQuestion reports models that do not answer the same question.
func sameQuestion[B train.Batch](a, b Judged[B]) error {
	x, y := slices.Sorted(slices.Values(a.Model.Classes())), slices.Sorted(slices.Values(b.Model.Classes()))
	if !slices.Equal(x, y) {
		return Usagef("--compare: %s tells %v apart, %s %v", b.Name, b.Model.Classes(), a.Name, a.Model.Classes())
	}
	if a.Data.Len() != b.Data.Len() {
		return Usagef("--compare: %s finds %d examples, %s %d", b.Name, b.Data.Len(), a.Name, a.Data.Len())
	}
	return nil
}

// judge measures one model, and says of each example whether it was right.
func judge[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, m Judged[B], o EvalOptions) (*report.Evaluation, []bool, error) {
	most := o.Flags.TopLosses
	if most == 0 {
		most = -1 // Options' way to say none
	}
	ev, err := metrics.NewEvaluator(m.Model.Classes(), metrics.Options{Seed: o.Machine.Seed, TopLosses: most})
	if err != nil {
		return nil, nil, err
	}
	right := make([]bool, m.Data.Len())
	bar := newProgress(env)
	defer bar.close()
	for p, err := range train.Predictions(ctx, rt, m.Model, m.Data, train.EvalOptions{
		Batch: o.Batch, Workers: o.Machine.WorkerCount(), Order: m.Order, Observe: bar.observe,
	}) {
		if err != nil {
			return nil, nil, err
		}
		if err := ev.Add(p.Logits, p.Label, p.Name); err != nil {
			return nil, nil, Usage(err)
		}
		right[p.Index] = p.Class() == p.Label
	}
	bar.close()
	r := ev.Result()
	if r.Examples == 0 {
		return nil, nil, Usagef("%s: no examples", o.Data)
	}
	e := report.NewEvaluation(r, sampleAt(m.Sample, m.Order))
	e.Model, e.Data, e.Split = m.Name, o.Data, o.Split.Name
	return e, right, nil
}

// Split is the part of the data that eval measures.
type Split struct {
	Name string // "": all
	// Without are test examples that have no label to compare with: they are left out,
	// and the split where it has no others.
	Without int
}

// choosable is a data set of which parts can be taken.
type choosable[D any] interface {
	Len() int
	Labels() []int
	Select(indices []int) D
}

// WithLabels returns the examples that have a label, and how many have none.
func WithLabels[D choosable[D]](d D) (part D, without int) {
	var with []int
	for i, l := range d.Labels() {
		if l >= 0 {
			with = append(with, i)
		}
	}
	if without = d.Len() - len(with); without == 0 {
		return d, 0
	}
	return d.Select(with), without
}

// Judgeable is WithLabels for --val, with a note of what it leaves out.
func Judgeable[D choosable[D]](d D) (part D, note string) {
	part, without := WithLabels(d)
	if without > 0 {
		is := "are"
		if without == 1 {
			is = "is"
		}
		note = fmt.Sprintf("--val: %s without a label %s left out", plural.Of(without, "examples"), is)
	}
	return part, note
}

// Measured returns the part of data that eval measures, and which one it is. What the
// model was trained on comes last: it is measured where it was asked for, or with all
// where there is nothing else. Test examples without a label are left out, unless the
// split was asked for.
func Measured[D choosable[D]](asked string, whole D, splits map[string]D) (part D, split Split) {
	for _, name := range []string{"test", "val", "train"} {
		part, ok := splits[name]
		if !ok {
			continue
		}
		if asked == "" && name == "test" && len(splits) > 1 {
			if part, split.Without = WithLabels(part); part.Len() == 0 {
				continue
			}
		}
		if asked == "" && name == "train" && split.Without == 0 {
			continue // it is the whole
		}
		split.Name = name
		return part, split
	}
	return whole, split
}
