package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotune/gotune/internal/report"
	"github.com/gotune/gotune/pkg/train"
)

// testReporter writes to a folder, and tells what it warned of.
func testReporter(t *testing.T) (r *reporter, warned *[]string) {
	t.Helper()
	warned = new([]string)
	r = &reporter{
		dir: t.TempDir(), classes: []string{"no", "yes"}, order: []int{2, 1, 0},
		page:   report.Page{Program: "bertft", Title: "run", Unit: "sequences"},
		sample: func(i int) (report.Sample, error) { return report.Sample{Text: fmt.Sprintf("text %d", i)}, nil },
		warn:   func(format string, args ...any) { *warned = append(*warned, fmt.Sprintf(format, args...)) },
	}
	return r, warned
}

// epoch hands an evaluation of three examples to r, the first of which, by its
// order, is wrong by that much.
func (r *reporter) epoch(t *testing.T, n int, best bool, wrong float32) {
	t.Helper()
	for k, i := range r.order {
		logits := []float32{0, 1}
		if k == 0 {
			logits = []float32{wrong, 0}
		}
		if err := r.observe(train.PredictionEvent{Prediction: train.Prediction{Index: i, Name: fmt.Sprint("row ", i), Label: 1, Logits: logits}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.observe(train.EpochEvent{EpochResult: train.EpochResult{Epoch: n, Step: 10 * n}, Best: best}); err != nil {
		t.Fatal(err)
	}
}

// The evaluation on disk is that of the model on disk, with the examples that it
// was most wrong on; what a resumed run does again is forgotten.
func TestReporterKeepsTheBest(t *testing.T) {
	r, warned := testReporter(t)
	path := filepath.Join(r.dir, report.EvaluationName)
	read := func() *report.Evaluation {
		t.Helper()
		e, err := report.ReadEvaluation(path)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	// Before training: not kept.
	if err := r.observe(train.PredictionEvent{Prediction: train.Prediction{Label: 1, Logits: []float32{1, 0}}}); err != nil {
		t.Fatal(err)
	}
	if err := r.observe(train.UntrainedEvent{}); err != nil {
		t.Fatal(err)
	}
	r.epoch(t, 1, true, 3)
	if e := read(); e.Epoch != 1 || e.Step != 10 || e.Examples != 3 || e.Top[0].ID != "row 2" || e.Top[0].Text != "text 2" {
		t.Errorf("after the first epoch: %+v", e)
	}
	r.epoch(t, 2, true, 2)
	r.epoch(t, 3, false, 4)
	if e := read(); e.Epoch != 2 || len(e.Top) != 3 || e.Top[0].Text != "text 2" || e.Top[0].Predicted != "no" {
		t.Errorf("after a third that was no better: %+v", e)
	}
	for _, c := range []struct {
		epochs int
		kept   bool
	}{{3, true}, {2, true}, {1, false}, {0, false}} {
		if err := r.observe(train.ResumeEvent{Step: 10 * c.epochs, Epochs: c.epochs}); err != nil {
			t.Fatal(err)
		}
		if e := read(); (e != nil) != c.kept {
			t.Errorf("resumed after %d epochs: evaluation %v, want it kept: %t", c.epochs, e, c.kept)
		}
	}
	if err := r.observe(train.PredictionEvent{Prediction: train.Prediction{Name: "x", Label: -1, Logits: []float32{1, 0}}}); err == nil {
		t.Error("an example without a label is evaluated")
	}
	if len(*warned) > 0 {
		t.Errorf("warned: %q", *warned)
	}
}

// The page is drawn after an epoch's checkpoint, not while another epoch is too
// near, and at the end; what goes wrong is told, and no more.
func TestReporterDraws(t *testing.T) {
	r, warned := testReporter(t)
	page := filepath.Join(r.dir, report.PageName)
	there := func() bool {
		_, err := os.Stat(page)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return os.Remove(page) == nil && err == nil
	}
	saved := train.CheckpointEvent{}
	if err := r.observe(saved); err != nil || there() {
		t.Errorf("drawn before an epoch's end, or %v", err)
	}
	r.epoch(t, 1, true, 1)
	if there() {
		t.Error("drawn before the epoch's checkpoint")
	}
	if err := r.observe(saved); err != nil || !there() {
		t.Errorf("not drawn after the first epoch, or %v", err)
	}
	r.drawing = time.Hour
	r.epoch(t, 2, true, 1)
	if err := r.observe(train.StepEvent{}); err != nil || there() {
		t.Errorf("drawn again within a hundred times what it takes, or %v", err)
	}
	r.draw()
	if !there() {
		t.Error("not drawn at the end")
	}
	if len(*warned) > 0 {
		t.Errorf("warned: %q", *warned)
	}
	if err := os.WriteFile(filepath.Join(r.dir, report.JournalName), []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.draw()
	if len(*warned) != 1 || !strings.Contains((*warned)[0], "the report is not up to date: ") || !strings.Contains((*warned)[0], report.JournalName+":1") {
		t.Errorf("warned: %q", *warned)
	}
}

func TestFromHere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(here, "a", "b"): "a/b", "/elsewhere/b": "/elsewhere/b", "name (where)": "name (where)", filepath.Dir(here): filepath.Dir(here),
	} {
		if got := nearby(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
