package cli

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/train"
)

// reporter evaluates the validation's predictions in full, keeps the best
// epoch's results in evaluation.json, and draws report.html and curves.png.
type reporter struct {
	dir     string
	page    report.Page // without what is read from the folder
	classes []string
	sample  func(i int) (report.Sample, error) // of the validation data; nil: none
	order   []int                              // in which it is evaluated; nil: its own
	warn    func(format string, args ...any)

	ev      *metrics.Evaluator // of the evaluation under way
	due     bool               // an epoch has ended
	drawn   time.Time          // the end of the newest drawing
	drawing time.Duration      // how long that took
}

// topLosses is how many examples a report shows.
const topLosses = 12

// observe returns what could not be recorded. The page is not part of the
// record: it can be drawn anew.
func (r *reporter) observe(e train.Event) error {
	switch e := e.(type) {
	case train.ResumeEvent:
		return r.forget(e.Epochs)
	case train.PredictionEvent:
		return r.add(e.Prediction)
	case train.UntrainedEvent:
		r.ev = nil
	case train.EpochEvent:
		err := r.keep(e)
		r.ev, r.due = nil, true
		return err
	case train.CheckpointEvent, train.StepEvent:
		// After the epoch's checkpoint: where there is little room left, that comes
		// first. A run of short epochs spends a hundredth of its time here at most.
		if r.due && time.Since(r.drawn) >= 100*r.drawing {
			r.draw()
		}
	}
	return nil
}

func (r *reporter) add(p train.Prediction) error {
	if r.ev == nil {
		ev, err := metrics.NewEvaluator(r.classes, metrics.Options{TopLosses: topLosses})
		if err != nil {
			return err
		}
		r.ev = ev
	}
	return r.ev.Add(p.Logits, p.Label, p.Name)
}

// keep writes the evaluation of the epoch whose model is saved.
func (r *reporter) keep(e train.EpochEvent) error {
	if r.ev == nil || !e.Best {
		return nil
	}
	ev := report.NewEvaluation(r.ev.Result(), sampleAt(r.sample, r.order))
	ev.Epoch, ev.Step = e.Epoch, e.Step
	return ev.Write(filepath.Join(r.dir, report.EvaluationName))
}

// sampleAt returns the example that was evaluated after so many others.
func sampleAt(sample func(i int) (report.Sample, error), order []int) func(int) (report.Sample, error) {
	if sample == nil || order == nil {
		return sample
	}
	return func(i int) (report.Sample, error) { return sample(order[i]) }
}

// forget drops the evaluation of an epoch that comes again.
func (r *reporter) forget(epochs int) error {
	path := filepath.Join(r.dir, report.EvaluationName)
	ev, err := report.ReadEvaluation(path)
	if err != nil || ev == nil || ev.Epoch <= epochs {
		return err
	}
	return removeFile(path)
}

// draw makes the page and the picture anew of what is on disk. What goes wrong is
// told and no more: resume draws them too.
func (r *reporter) draw() {
	start := time.Now()
	if err := r.write(); err != nil {
		r.warn("warning: the report is not up to date: %v", err)
	}
	r.due, r.drawn = false, time.Now()
	r.drawing = r.drawn.Sub(start)
}

func (r *reporter) write() error {
	page := r.page
	if err := page.Load(r.dir); err != nil {
		return err
	}
	if err := page.Write(filepath.Join(r.dir, report.PageName)); err != nil {
		return err
	}
	png, err := page.CurvesPNG()
	if err != nil {
		return fmt.Errorf("%s: %w", report.CurvesName, err)
	}
	if png == nil {
		return nil
	}
	return renameio.WriteFile(filepath.Join(r.dir, report.CurvesName), png, 0o644)
}
