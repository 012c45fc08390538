package train_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/train"
)

func TestParseCadence(t *testing.T) {
	for text, want := range map[string]train.Cadence{
		"": {}, "0": {}, "auto": {}, "epoch": {Epochs: 1}, "2epochs": {Epochs: 2}, "2 epochs": {Epochs: 2}, "500": {Steps: 500},
		"500steps": {Steps: 500}, "1 step": {Steps: 1}, "10m": {Time: 10 * time.Minute}, "1h30m": {Time: 90 * time.Minute},
		"90s": {Time: 90 * time.Second},
	} {
		got, err := train.ParseCadence(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := train.ParseCadence(got.String()); err != nil || again != got {
			t.Errorf("%q: reads back from %q as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"-1", "often", "0m", "0epochs", "-5m", "3 weeks", "1.5"} {
		if c, err := train.ParseCadence(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %+v, error %v", text, c, err)
		}
	}
}

// saves returns the steps of the checkpoints that a run of three epochs of 11
// steps wrote.
func saves(t *testing.T, o train.FitOptions) []int {
	t.Helper()
	var steps []int
	o.Dir = t.TempDir()
	o.Observe = func(e train.Event) {
		if e, ok := e.(train.CheckpointEvent); ok {
			if e.Err != nil {
				t.Error(e.Err)
			}
			if e.Bytes == 0 || e.Written < e.Copied {
				t.Errorf("%d bytes, written in %v, copied in %v", e.Bytes, e.Written, e.Copied)
			}
			steps = append(steps, e.Step)
		}
	}
	if _, _, err := (toy{opts: o}).fit(t); err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestCheckpointsAtTheirCadence(t *testing.T) {
	for _, c := range []struct {
		every train.Cadence
		want  []int
	}{
		{train.Cadence{Epochs: 1}, []int{11, 22, 33}},
		{train.Cadence{Epochs: 2}, []int{22, 33}},
		{train.Cadence{Time: time.Hour}, []int{33}},
		{train.Cadence{Steps: 40}, []int{33}},
	} {
		if d := cmp.Diff(c.want, saves(t, train.FitOptions{CheckpointEvery: c.every})); d != "" {
			t.Errorf("every %v:\n%s", c.every, d)
		}
	}
	// By default at the end of the first epoch and of the last, and between them where
	// it takes a fiftieth of the time.
	steps := saves(t, train.FitOptions{})
	if len(steps) < 2 || len(steps) > 3 || steps[0] != 11 || steps[len(steps)-1] != 33 {
		t.Errorf("by default: %v", steps)
	}
	// Where one is still being written, the next waits for it, not the training.
	steps = saves(t, train.FitOptions{CheckpointEvery: train.Cadence{Steps: 1}})
	if len(steps) < 4 || steps[0] != 1 || steps[len(steps)-1] != 33 {
		t.Errorf("every step: %v", steps)
	}
}

// Without validation data the model is saved where a checkpoint is, or was begun
// within the epoch, and is the last one's in the end.
func TestLastModelIsSaved(t *testing.T) {
	for _, c := range []struct {
		every train.Cadence
		want  int
	}{{train.Cadence{Epochs: 1}, 3}, {train.Cadence{Steps: 4}, 3}, {train.Cadence{Epochs: 2}, 2}, {train.Cadence{Time: time.Hour}, 1}} {
		n, dir := 0, t.TempDir()
		m, _, err := toy{noVal: true, saved: &n, opts: train.FitOptions{Dir: dir, CheckpointEvery: c.every}}.fit(t)
		if err != nil {
			t.Fatal(err)
		}
		if n != c.want {
			t.Errorf("every %v: %d models saved, want %d", c.every, n, c.want)
		}
		last := filepath.Join(t.TempDir(), "last.safetensors")
		if err := m.st.WriteSafetensors(last, nil); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(last)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "model", "model.safetensors"))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("every %v: the model is not the last one: %v", c.every, err)
		}
	}
}

// A checkpoint that cannot be written does not end the run. The ones before it
// stay whole, and the next goes on.
func TestNoRoomForACheckpoint(t *testing.T) {
	dir := t.TempDir()
	folder, away := filepath.Join(dir, "checkpoints"), filepath.Join(dir, "away")
	var failed, wrote []int
	_, r, err := toy{opts: train.FitOptions{Dir: dir, Keep: 9, CheckpointEvery: train.Cadence{Epochs: 1}, Observe: func(e train.Event) {
		var err error
		switch e := e.(type) {
		case train.SavingEvent:
			if e.Step == 22 { // a file stands where the folder was
				err = errors.Join(os.Rename(folder, away), os.WriteFile(folder, nil, 0o644))
			}
		case train.CheckpointEvent:
			if e.Err == nil {
				wrote = append(wrote, e.Step)
				break
			}
			failed = append(failed, e.Step)
			if !strings.Contains(e.Err.Error(), "step-000022") {
				err = e.Err
			}
			err = errors.Join(err, os.Remove(folder), os.Rename(away, folder))
		}
		if err != nil {
			t.Error(err)
		}
	}}}.fit(t)
	if err != nil || r.Steps != 33 {
		t.Fatalf("%d steps, error %v", r.Steps, err)
	}
	if d := cmp.Diff([][]int{{22}, {11, 33}}, [][]int{failed, wrote}); d != "" {
		t.Error(d)
	}
	for _, step := range []string{"step-000011", "step-000033"} {
		if _, err := os.Stat(filepath.Join(folder, step, "progress.json")); err != nil {
			t.Error(err)
		}
	}
}

// A run that was killed before its first checkpoint begins anew, and what it
// left half written goes.
func TestResumeWithoutACheckpoint(t *testing.T) {
	m, _, err := toy{dropout: 0.3}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	left := filepath.Join(dir, "checkpoints", ".step-000011-42")
	mine := filepath.Join(dir, ".venv312")
	if err := errors.Join(os.MkdirAll(left, 0o755), os.Mkdir(mine, 0o755)); err != nil {
		t.Fatal(err)
	}
	var resumed []train.ResumeEvent
	again, _, err := toy{dropout: 0.3, opts: train.FitOptions{Dir: dir, Resume: true, Observe: func(e train.Event) {
		if e, ok := e.(train.ResumeEvent); ok {
			resumed = append(resumed, e)
		}
	}}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]train.ResumeEvent{{}}, resumed); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(m.weights(t), again.weights(t)); d != "" {
		t.Error(d)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", left, err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}

// A run does not go on with other options than it began with, unless it is told
// to.
func TestResumeWithOtherOptions(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	_, _, err := toy{ctx: ctx, opts: train.FitOptions{
		Dir: dir, Options: map[string]string{"--lr": "1", "--ema": "0"},
		Observe: func(e train.Event) {
			if _, ok := e.(train.StepEvent); ok {
				cancel()
			}
		},
	}}.fit(t)
	var in *train.Interrupted
	if !errors.As(err, &in) {
		t.Fatal(err)
	}
	now := map[string]string{"--lr": "2", "--clip": "1", "--ema": "0"}
	_, _, err = toy{opts: train.FitOptions{Dir: dir, Resume: true, Options: now}}.fit(t)
	var other *train.Changed
	if !errors.As(err, &other) {
		t.Fatalf("error %v", err)
	}
	if d := cmp.Diff([]string{"--clip", "--lr"}, other.Options); d != "" {
		t.Error(d)
	}
	for _, want := range []string{"--clip was not given, is 1", "--lr was 1, is 2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in %v", want, err)
		}
	}
	allow := func(name string) bool { return name == "--clip" || name == "--lr" }
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir, Resume: true, Options: now, AllowChange: allow}}).fit(t); err != nil {
		t.Error(err)
	}
	// From then on it is a run of the new options.
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir, Resume: true, Options: now}}).fit(t); err != nil {
		t.Error(err)
	}
}
