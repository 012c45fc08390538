package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"math"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotune/gotune/internal/plural"
)

//go:embed page.gohtml style.css
var files embed.FS

// Write renders the page to path, at once or not at all.
func (p *Page) Write(path string) error {
	data, err := p.Render()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return renameio.WriteFile(path, data, 0o644)
}

// Render returns the page as one HTML file.
func (p *Page) Render() ([]byte, error) {
	t, err := template.New("page.gohtml").Funcs(template.FuncMap{
		"number": number, "count": count, "rate": rate, "percent": percent, "fixed": fixed,
		"short": short, "opt3": func(v *float64) string { return orDash(v, short) },
		"duration": duration, "units": plural.Unit, "jpeg": jpeg, "opt": opt,
	}).ParseFS(files, "page.gohtml")
	if err != nil {
		return nil, err
	}
	style, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	v := view{Page: p, Style: template.CSS(style)} //nolint:gosec // our own file
	var b bytes.Buffer
	if err := t.Execute(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// view is the page with what follows from it, for the template.
type view struct {
	*Page
	Style template.CSS
}

func (v view) Curves() []figure           { return v.curves() }
func (v view) Timetable() template.HTML   { return v.timetable() }
func (v view) Lanes() []lane              { return v.lanes() }
func (v view) Matrix() [][]cell           { return v.Evaluation.matrix() }
func (v view) Confused() []Confused       { return MostConfused(&v.Evaluation.Result, 20) }
func (v view) Reliability() template.HTML { return reliability(v.Evaluation.Calibration) }
func (v view) Scores(t TopLoss) []score   { return v.Evaluation.scores(t) }

// Narrow says whether the confusion matrix fits half the page.
func (v view) Narrow() bool { return len(v.Evaluation.Classes) <= 5 }

// Pictures says whether the top losses are pictures.
func (v view) Pictures() bool {
	for _, t := range v.Evaluation.Top {
		if t.Image != nil {
			return true
		}
	}
	return false
}

// BestEpoch is the number of the epoch whose model is kept; 0: none yet.
func (v view) BestEpoch() int {
	if b := v.Journal.BestEpoch(); b != nil {
		return b.Epoch
	}
	return 0
}

// Status is how far the run has come.
func (v view) Status() string {
	j := v.Journal
	switch {
	case j == nil:
		return "evaluation"
	case j.Done == 0:
		return "not begun"
	case j.Done == j.Steps:
		return "finished"
	case v.Ended:
		return "stopped early"
	}
	return fmt.Sprintf("step %s of %s", count(j.Done), count(j.Steps))
}

// Tile is a figure that stands first.
type Tile struct{ Name, Value, Note string }

// Tiles are the figures by which a model is judged.
func (v view) Tiles() []Tile {
	var out []Tile
	add := func(name, value, note string) { out = append(out, Tile{name, value, note}) }
	if e := v.Evaluation; e != nil {
		between := func(lo, hi float64) string { return fmt.Sprintf("95 %%: %.3f – %.3f", lo, hi) }
		var accuracy, f1, loss string
		if in := e.Intervals; in != nil {
			accuracy, f1, loss = between(in.Accuracy.Low, in.Accuracy.High), between(in.F1.Low, in.F1.High), between(in.LogLoss.Low, in.LogLoss.High)
		}
		add("Accuracy", fixed(e.Accuracy), accuracy)
		add("F1, macro", fixed(e.Macro.F1), f1)
		add("Log loss", fixed(e.LogLoss), loss)
		if e.ROCAUC != nil {
			add("ROC AUC", fixed(*e.ROCAUC), "PR AUC "+fixed(*e.PRAUC))
		}
		add("Calibration error", fixed(e.Calibration.ECE), "expected; 0 is honest")
	}
	if j := v.Journal; j != nil && j.Done > 0 {
		note := fmt.Sprintf("%s of %s steps", count(j.Done), count(j.Steps))
		if b := j.BestEpoch(); b != nil && b.ValAccuracy != nil {
			note = fmt.Sprintf("the best: epoch %d", b.Epoch)
		}
		add("Epochs", count(len(j.Epochs)), note)
	}
	return out
}

// Before is the accuracy before training, where it was measured.
func (v view) Before() string {
	if v.Journal == nil || v.Journal.Untrained == nil {
		return ""
	}
	return fmt.Sprintf("Before training: accuracy %s, loss %s.", fixed(v.Journal.Untrained.Accuracy), fixed(v.Journal.Untrained.Loss))
}

func fixed(v float64) string { return fmt.Sprintf("%.4f", v) }
func short(v float64) string { return fmt.Sprintf("%.3f", v) }

// orDash is a figure that may be undefined.
func orDash(v *float64, format func(float64) string) string {
	if v == nil {
		return "–"
	}
	return format(*v)
}

func opt(v *float64) string { return orDash(v, fixed) }

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

func duration(seconds float64) string {
	return time.Duration(math.Round(seconds*10) / 10 * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func jpeg(data []byte) template.URL {
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)) //nolint:gosec // letters and digits
}

// Load reads what a run's folder holds into p: its steps, epochs and evaluation.
func (p *Page) Load(dir string) error {
	var err, err2 error
	p.Journal, err = ReadJournal(filepath.Join(dir, JournalName))
	p.Evaluation, err2 = ReadEvaluation(filepath.Join(dir, EvaluationName))
	return errors.Join(err, err2)
}
