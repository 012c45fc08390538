package main

import (
	"fmt"
	"slices"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
)

// columnFlags are textFlags of the verbs that a model answers.
type columnFlags struct {
	TextColumn  string `help:"Column of the text, by name or number. Of the columns that are not given, those that the run was trained with hold as far as the data have them; others are found." placeholder:"COLUMN" group:"Data"`
	PairColumn  string `help:"Column of a second text, for pairs." placeholder:"COLUMN" group:"Data"`
	LabelColumn string `help:"Column of the label." placeholder:"COLUMN" group:"Data"`
}

// unused is textFlags'.
func (f columnFlags) unused(why string) error { return textFlags(f).unused(why) }

// recorded is what run.yaml tells of how a run's data were read.
type recorded struct {
	MaxLength int `yaml:"max-length"`
	textFlags `yaml:",inline"`

	columns text.Columns
	pairs   *bool // of its training data; nil: they were mixed, or an old run.yaml does not tell
}

// readRecord returns the zero value for a model that is no run's.
func readRecord(run string) (r recorded, err error) {
	if run == "" {
		return r, nil
	}
	file, err := cli.ReadRun(run, &r)
	r.pairs, r.columns = file.Data.Pairs, text.Columns(file.Data.Columns)
	if r.columns == (text.Columns{}) { // of an earlier version, or of files
		r.columns = text.Columns{Text: r.TextColumn, Pair: r.PairColumn, Label: r.LabelColumn}
		if r.pairs == nil && r.PairColumn != "" {
			r.pairs = new(true)
		}
	}
	return r, err
}

// data says how p reads a data set: with the columns that the flags name, and for the
// others with those of its run, as far as the data have them.
func (p pretrained) data(f columnFlags, length int) (text.DataOptions, error) {
	o := textFlags(f).data(length)
	o.Trained = p.record.columns
	return o, p.recordErr
}

// told are the lines on data that were written to stderr: two models may read one
// data set alike.
type told []string

// data writes what was taken of data, and further lines.
func (t *told) data(env *cli.Env, d *text.Dataset, more ...string) {
	for _, line := range append(d.Notes(), more...) {
		if !slices.Contains(*t, line) {
			*t = append(*t, line)
			fmt.Fprintf(env.Stderr, "data     %s\n", line)
		}
	}
}

// pairsOf tells whether all of the examples are pairs of texts or, false, none is;
// nil: neither.
func pairsOf(d *text.Dataset) *bool {
	n := 0
	for i := range d.Len() {
		if d.IsPair(i) {
			n++
		}
	}
	if n != 0 && n != d.Len() {
		return nil
	}
	return new(n != 0)
}

// How pairs are told: in a data set, and in predict's texts.
const (
	pairColumn = "; --pair-column names the column of the second"
	jsonPair   = `; with --jsonl, {"text":…,"pair":…} is a pair`
)

// warn tells of the first example that is a single text where p's run was trained on
// pairs, with a hint how to give one, or the other way round.
func (p pretrained) warn(env *cli.Env, d *text.Dataset, hint string) (warned bool) {
	if p.record.pairs == nil {
		return false
	}
	for i := range d.Len() {
		if d.IsPair(i) == *p.record.pairs {
			continue
		}
		was, is := "single texts", "a pair"
		if *p.record.pairs {
			was, is = "pairs of texts", "a single text"+hint
		}
		fmt.Fprintf(env.Stderr, "warning: %s was trained on %s, and %s is %s\n", p.Run, was, d.Name(i), is)
		return true
	}
	return false
}
