package train_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// failing is data of which the batch after so many cannot be made.
type failing struct {
	*points
	after int
	with  func() error
}

func (d *failing) Batch(ctx context.Context, epoch int, idx []int) (*pointBatch, error) {
	if d.after--; d.after == -1 {
		return nil, d.with()
	}
	return d.points.Batch(ctx, epoch, idx)
}

// Data that fail, in training or in an evaluation, cost no more than the step that
// they fail in: the run goes on from there, bit for bit, once they are mended.
func TestNothingIsLostToAFailure(t *testing.T) {
	m, want, err := toy{dropout: 0.3}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("no such file")
	fail := func() error { return boom }
	for name, c := range map[string]struct {
		toy
		saved string
	}{
		"training":   {toy{data: &failing{newPoints(210, 1), 14, fail}}, "step-000014"},
		"evaluation": {toy{val: &failing{newPoints(100, 2), 6, fail}}, "step-000022"}, // four batches an epoch
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.dropout, c.opts = 0.3, train.FitOptions{Dir: dir, CheckpointEvery: train.Cadence{Epochs: 1}}
			_, _, err := c.fit(t)
			path := filepath.Join(dir, "checkpoints", c.saved)
			if !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
				t.Fatalf("error %v, want %v and %s", err, boom, path)
			}
			// The one before it is kept: it may be the last good one.
			for _, kept := range []string{path, filepath.Join(dir, "checkpoints", "step-000011")} {
				if _, err := os.Stat(filepath.Join(kept, "progress.json")); err != nil {
					t.Error(err)
				}
			}
			again, got, err := toy{dropout: 0.3, opts: train.FitOptions{Dir: dir, Resume: true}}.fit(t)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(m.weights(t), again.weights(t)); d != "" {
				t.Errorf("weights differ:\n%s", d)
			}
			for i := range got.Epochs {
				got.Epochs[i].Seconds = want.Epochs[i].Seconds
			}
			if d := cmp.Diff(want.Epochs, got.Epochs); d != "" {
				t.Errorf("epochs differ:\n%s", d)
			}
		})
	}
}

// Without validation data the model so far is the best, and is saved with it.
func TestTheModelIsSavedBeforeAFailure(t *testing.T) {
	boom := errors.New("no such file")
	for _, every := range []int{0, 5} { // steps: where a checkpoint holds the step, too
		saved := 0
		_, _, err := toy{
			noVal: true, saved: &saved, opts: train.FitOptions{Dir: t.TempDir(), CheckpointEvery: train.Cadence{Steps: every}},
			data: &failing{newPoints(210, 1), 5, func() error { return boom }},
		}.fit(t)
		if !errors.Is(err, boom) || saved != 1 {
			t.Errorf("a checkpoint every %d steps: error %v, %d models saved", every, err, saved)
		}
	}
}

// A model that answers NaN is not what to go on from: the checkpoint before stays the
// newest.
func TestNoCheckpointOfNaN(t *testing.T) {
	dir, val := t.TempDir(), newPoints(100, 2)
	val.x[17][3] = float32(math.NaN())
	_, _, err := toy{val: val, opts: train.FitOptions{Dir: dir, CheckpointEvery: train.Cadence{Steps: 5}}}.fit(t)
	newest := filepath.Join(dir, "checkpoints", "step-0000") // 10, or 5 where that was still being written by then
	if err == nil || !strings.Contains(err.Error(), "point 17: the model's output [NaN NaN] is not finite; the checkpoint before that is "+newest) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoints", "step-000011")); err == nil {
		t.Error("it is kept in a checkpoint")
	}
}

// Where nothing can be saved either, both errors are told.
func TestFailureThatCannotBeSaved(t *testing.T) {
	dir, boom := t.TempDir(), errors.New("no such file")
	_, _, err := toy{opts: train.FitOptions{Dir: dir}, data: &failing{newPoints(210, 1), 5, func() error {
		if err := os.WriteFile(filepath.Join(dir, "checkpoints"), nil, 0o644); err != nil {
			t.Error(err)
		}
		return boom
	}}}.fit(t)
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "save checkpoint "+filepath.Join(dir, "checkpoints", "step-000005")) {
		t.Errorf("error %v", err)
	}
}

// A run without options of its own goes on only with the data and the batches that it
// began with.
func TestOwnOptions(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	o := train.FitOptions{Dir: dir, Seed: 1, Observe: func(e train.Event) {
		if e, ok := e.(train.StepEvent); ok && e.Step == 5 {
			cancel()
		}
	}}
	_, _, err := toy{opts: o, ctx: ctx}.fit(t)
	var stopped *train.Interrupted
	if !errors.As(err, &stopped) {
		t.Fatal(err)
	}
	_, _, err = toy{opts: train.FitOptions{Dir: dir, Resume: true, Seed: 2, Batch: 10}, data: newPoints(150, 1)}.fit(t)
	var c *train.Changed
	if !errors.As(err, &c) || !slices.Equal(c.Options, []string{"Batch", "Seed", "the number of examples"}) {
		t.Fatalf("error %v, want a *Changed", err)
	}
	if _, _, err = (toy{opts: train.FitOptions{Dir: dir, Resume: true, Seed: 1}}).fit(t); err != nil {
		t.Error(err)
	}
	// A run that named its options is held to those that both know.
	dir = t.TempDir()
	if _, _, err = (toy{opts: train.FitOptions{Dir: dir, Options: map[string]string{"Seed": "0", "--lr": "1"}}}).fit(t); err != nil {
		t.Fatal(err)
	}
	if _, _, err = (toy{opts: train.FitOptions{Dir: dir, Resume: true}}).fit(t); err != nil {
		t.Error(err)
	}
}

// An interrupted run says what was saved and what was not.
func TestInterruptedSaysWhatIsSaved(t *testing.T) {
	full := errors.New("disk full")
	for want, e := range map[string]train.Interrupted{
		"interrupted after step 5": {Step: 5, Checkpoint: "run/c"},
		"interrupted after step 5, which is saved in run/c, but the model is not: disk full": {Step: 5, Checkpoint: "run/c", Err: full},
		"interrupted after step 5, and not saved: disk full":                                 {Step: 5, Err: full},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAdamRefusesWhatCannotTrain(t *testing.T) {
	m := newMLP(t, 0)
	ps := m.st.Parameters()
	b, err := m.st.Buffer("count", torch.Float32, torch.Constant(0), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = train.NewAdam(rt, append(ps, nil, b, ps[0]), train.AdamOptions{})
	for _, want := range []string{"is nil", `"count" of the optimiser is a buffer`, "comes twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not tell of %q", err, want)
		}
	}
	opt, err := train.NewAdam(rt, ps, train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.st.WriteSafetensors(path, nil); err != nil {
		t.Fatal(err)
	}
	w, err := torch.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := opt.Restore(w); err == nil || !strings.Contains(err.Error(), "no optimizer state of these parameters") {
		t.Errorf("error %v", err)
	}
}
