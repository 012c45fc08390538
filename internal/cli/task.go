package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/plural"
	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Task is a model with its data, ready to be fine-tuned: what differs between
// the programs.
type Task[B train.Batch] struct {
	Model       Model[B]
	Found                   // the pretrained model
	Notes       []string    // on model and data: the same whenever the run starts
	Asides      []string    // on this start
	Train, Val  Labelled[B] // Val may be nil
	Order       []int       // in which Val is evaluated; nil: its own
	Save        func(dir string) error
	Adam        train.AdamOptions
	Mix         train.Mix
	Fingerprint string
	Columns     Columns // that were taken of Train's table
	Pairs       *bool   // whether Train is pairs of texts; nil: both, or no texts
	Unit        string  // "sequences", "images"
	// Lengths of the training examples, in tokens, to group them by; nil: they are not
	// grouped.
	Lengths        []int
	MaxBatchTokens int // see train.FitOptions
	// Sample returns an example of Val to look at; nil: by name alone.
	Sample  func(i int) (report.Sample, error)
	Outlook Outlook
}

// Model is a model that trains, in parts that freeze.
type Model[B train.Batch] interface {
	train.Model[B]
	Group(param string) string
}

// Labelled is data whose labels are known without reading it.
type Labelled[B train.Batch] interface {
	train.Data[B]
	Labels() []int
}

// describe tells what is about to be trained, on what.
func (t Task[B]) describe(p *progress, rt *torch.Runtime, plan *freeze.Plan, out string) {
	table := plan.Timetable()
	p.printf("model    %s, %s of %s parameters train", nearby(t.Source), millions(table.AtEnd), millions(table.Total))
	differ := func(r freeze.Row) bool { return r.Rate != 1 }
	if table.AtEnd != table.Total || table.AtStart != table.AtEnd || slices.ContainsFunc(table.Rows, differ) {
		for line := range strings.Lines(table.String()) {
			p.printf("         %s", strings.TrimRight(line, "\n"))
		}
	}
	for _, n := range slices.Concat(t.Notes, t.Asides) {
		p.printf("         %s", n)
	}
	for _, point := range plan.Beyond() {
		p.printf("warning: --unfreeze: %s the run is over: what thaws then never trains", point)
	}
	val := "no validation data"
	if t.Val != nil {
		val = fmt.Sprintf("%d for validation", t.Val.Len())
	}
	p.printf("data     %s to train on, %s; classes: %s", plural.Of(t.Train.Len(), t.Unit), val, classCounts(t.Model.Classes(), t.Train.Labels()))
	p.printf("machine  %s, %s, %s", rt.Device(), rt.Autocast(), plural.Of(rt.Threads(), "threads"))
	p.printf("run      %s", out)
}

// groupNames are the model's groups from bottom to top.
func groupNames(plan *freeze.Plan) []string {
	var out []string
	for _, g := range plan.Groups() {
		out = append(out, g.Name)
	}
	return out
}

// nearby is path as one would type it, where it lies below the working folder.
func nearby(path string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// millions is "109.5 M", and "41.2 k" below a hundred thousand.
func millions(n int) string {
	if n < 1e5 {
		return fmt.Sprintf("%.1f k", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f M", float64(n)/1e6)
}

// classCounts is "neg 800, pos 800", abridged where there are many.
func classCounts(classes []string, labels []int) string {
	count := countLabels(labels, len(classes))
	const most = 8
	var parts []string
	for i, c := range classes {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(classes)-most))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %d", c, count[i]))
	}
	return strings.Join(parts, ", ")
}
