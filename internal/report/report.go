// Package report shows a run, or an evaluation, as one HTML file: no network, no
// scripts, light and dark, from a telephone's width up.
//
// What it shows is a pure function of what is on disk: run.yaml, metrics.jsonl
// and evaluation.json. So a run that was killed and went on has the report of
// one that was not, but for the times that it took.
package report

import (
	"github.com/gotune/gotune/internal/metrics"
)

// The files of a run that a report is made of, beside run.yaml, and makes.
const (
	JournalName    = "metrics.jsonl"
	EvaluationName = "evaluation.json"
	PageName       = "report.html"
	CurvesName     = "curves.png"
)

// Page is what a report shows. Parts that are zero are left out.
type Page struct {
	Program string // "bertft"
	Title   string // the run's folder, or the model's
	Model   string // where the pretrained model was found
	Unit    string // "sequences", "images"
	Classes []string

	Data       Data
	Journal    *Journal // nil: an evaluation alone
	Groups     []Group  // bottom to top
	Ended      bool     // also where steps are left: no epoch was better any more
	Evaluation *Evaluation
	Comparison *Comparison

	Options  []Pair
	Versions []Pair // with the machine
	Next     []Command
}

// Data is a summary of the examples.
type Data struct {
	Training, Validation int
	ByClass              []int // training examples
	Notes                []string
	Fingerprint          string
}

// Group is a part of the model that freezes as one.
type Group struct {
	Name       string
	Parameters int
}

// Pair is a line of a table.
type Pair struct{ Name, Value string }

// Command is what to type next, and what for.
type Command struct{ What, Line string }

// Evaluation is the model's results on validation data, with the examples on
// which it was most wrong: evaluation.json of a run.
type Evaluation struct {
	Model string `json:"model,omitempty"`
	Data  string `json:"data,omitempty"`
	Split string `json:"split,omitempty"` // the part of Data that was measured; "": all
	Epoch int    `json:"epoch,omitempty"` // of a run: the best one
	Step  int    `json:"step,omitempty"`
	metrics.Result
	Top []TopLoss `json:"top_losses,omitempty"` // takes the place of Result's
}

// TopLoss is an example with what the model saw of it.
type TopLoss struct {
	metrics.Loss
	Sample
}

// Sample is an example to look at: a text, or a picture.
type Sample struct {
	Text  string `json:"text,omitempty"`
	Pair  string `json:"pair,omitempty"`
	Image []byte `json:"image,omitempty"` // a small JPEG
}

// Comparison is of two models, A and B, on the same examples.
type Comparison struct {
	A string `json:"a"`
	B string `json:"b"`
	metrics.Comparison
}
