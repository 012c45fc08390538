package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorboard"
	"github.com/gotune/gotune/pkg/train"
)

// record hands the events of steps from+1 to to, and of the epochs of ten steps
// that end in them, to a recorder.
func record(t *testing.T, env *Env, dir string, from, to int, resumed bool) {
	t.Helper()
	r := recorder{dir: dir, bar: newProgress(env), groups: []string{"embeddings", "head"}}
	if resumed {
		r.run = &RunFile{}
		r.observe(train.ResumeEvent{Dir: "checkpoint", Step: from, Epochs: from / 10})
	} else if err := r.open(train.ResumeEvent{}); err != nil {
		t.Fatal(err)
	}
	for step := from + 1; step <= to; step++ {
		x := float64(step)
		r.observe(train.StepEvent{
			Step: step, Steps: 40, Epoch: (step-1)/10 + 1, Loss: 1 / x, LR: 1e-4 / x, GradNorm: x, Examples: 8, Tokens: 800,
			Rates: []float64{0, 1e-4 / x}, Duration: time.Second,
		})
		if step%10 == 0 {
			e := train.EpochEvent{EpochResult: score(1/x, 1-1/x), Best: true}
			e.Epoch, e.Step = step/10, step
			r.observe(e)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}

// After stops and resumptions metrics.jsonl is that of a run that had none, and
// TensorBoard shows the same points.
func TestRecordOfResumedRun(t *testing.T) {
	env, _ := testEnv(t)
	whole, parts := t.TempDir(), t.TempDir()
	record(t, env, whole, 0, 40, false)
	record(t, env, parts, 0, 23, false)
	record(t, env, parts, 20, 21, true)
	record(t, env, parts, 10, 35, true)
	record(t, env, parts, 35, 40, true)
	// Killed after the last evaluation was told and before a checkpoint knew of it.
	r := recorder{dir: parts, bar: newProgress(env), run: &RunFile{}, groups: []string{"embeddings", "head"}}
	r.observe(train.ResumeEvent{Dir: "checkpoint", Step: 40, Epochs: 3})
	last := train.EpochEvent{EpochResult: score(1./40, 1-1./40), Best: true}
	last.Epoch, last.Step = 4, 40
	r.observe(last)
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(whole, metricsName))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(parts, metricsName))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("metrics.jsonl of the resumed run:\n%s\nof the other:\n%s", got, want)
	}
	if files, err := filepath.Glob(filepath.Join(parts, boardName, "events.out.tfevents.*")); err != nil || len(files) != 5 {
		t.Errorf("event files %q, want one for each part", files)
	}

	// Killed: what was not handed to the file is lost, and was not yet in a
	// checkpoint.
	killed := recorder{dir: t.TempDir(), bar: newProgress(env)}
	if err := killed.open(train.ResumeEvent{}); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 20; step++ {
		killed.observe(train.StepEvent{Step: step, Steps: 40, Epoch: 1, Loss: 1 / float64(step)})
		if step == 13 {
			killed.observe(train.SavingEvent{Step: step})
		}
	}
	killed.bar.close()
	record(t, env, killed.dir, 13, 40, true)

	name := os.Getenv("GOTUNE_PYTHON")
	if name == "" {
		name = "python3"
	}
	if err := exec.Command(name, "-c", "import tensorboard").Run(); err != nil {
		t.Skipf("%s has no tensorboard: %v (set GOTUNE_PYTHON)", name, err)
	}
	for _, dir := range []string{whole, parts, killed.dir} {
		if out, err := exec.Command(name, "../../hack/check-tensorboard.py", dir).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// A run that was killed before its first checkpoint begins anew, and so does its
// record; one that stopped before its first step, and was saved, keeps what came
// before that.
func TestRecordOfRunBegunAnew(t *testing.T) {
	env, _ := testEnv(t)
	untrained := train.UntrainedEvent{Score: train.Score{Examples: 8, Loss: 2, Accuracy: 0.5, F1: 0.25}}
	tell := func(dir string, resumed *train.ResumeEvent, evaluated bool, steps int) {
		t.Helper()
		r := recorder{dir: dir, bar: newProgress(env)}
		if resumed != nil {
			r.run = &RunFile{}
			r.observe(*resumed)
		} else if err := r.open(train.ResumeEvent{}); err != nil {
			t.Fatal(err)
		}
		if evaluated {
			r.observe(untrained)
		}
		for step := 1; step <= steps; step++ {
			r.observe(train.StepEvent{Step: step, Steps: 5, Epoch: 1, Loss: 1 / float64(step)})
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
	}
	whole, anew, stopped := t.TempDir(), t.TempDir(), t.TempDir()
	tell(whole, nil, true, 5)
	tell(anew, nil, true, 3)
	tell(anew, &train.ResumeEvent{}, true, 0)
	tell(anew, &train.ResumeEvent{}, true, 5)
	tell(stopped, nil, true, 0)
	tell(stopped, &train.ResumeEvent{Dir: "checkpoint"}, false, 5)
	read := func(dir string) (string, map[string][]tensorboard.Point) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, metricsName))
		if err != nil {
			t.Fatal(err)
		}
		curves, err := tensorboard.Read(filepath.Join(dir, boardName))
		if err != nil {
			t.Fatal(err)
		}
		return string(data), curves
	}
	lines, curves := read(whole)
	if n := len(curves["train/loss"]); n != 5 {
		t.Errorf("%d points of the loss, want 5", n)
	}
	for _, dir := range []string{anew, stopped} {
		gotLines, gotCurves := read(dir)
		if d := cmp.Diff(lines, gotLines); d != "" {
			t.Errorf("metrics.jsonl (-whole +resumed):\n%s", d)
		}
		if d := cmp.Diff(curves, gotCurves); d != "" {
			t.Errorf("TensorBoard's curves (-whole +resumed):\n%s", d)
		}
	}
}
