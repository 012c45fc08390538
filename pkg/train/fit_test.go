package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// toy is a run of the toy network that tests vary.
type toy struct {
	dropout float64
	opts    train.FitOptions
	ctx     context.Context
	data    train.Data[*pointBatch]
	val     train.Data[*pointBatch]
	noVal   bool
	saved   *int // counts the models that are saved
}

func (r toy) fit(t *testing.T) (*mlp, train.Result, error) {
	t.Helper()
	m := newMLP(t, r.dropout)
	opt, err := train.NewAdam(rt, m.st.Parameters(), train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	o := r.opts
	if o.Epochs == 0 {
		o.Epochs = 3
	}
	if o.Batch == 0 {
		o.Batch = 20
	}
	o.Optimizer = opt
	if o.Schedule == nil {
		o.Schedule = schedule.Func(func(int) float64 { return 0.02 })
	}
	o.SaveModel = func(dir string) error {
		if r.saved != nil {
			*r.saved++
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		return m.st.WriteSafetensors(filepath.Join(dir, "model.safetensors"), nil)
	}
	if r.ctx == nil {
		r.ctx = context.Background()
	}
	if r.data == nil {
		r.data = newPoints(210, 1)
	}
	if r.val == nil && !r.noVal {
		r.val = newPoints(100, 2)
	}
	result, err := train.Fit(r.ctx, rt, m, r.data, r.val, o)
	return m, result, err
}

func TestFitLearns(t *testing.T) {
	_, r, err := toy{opts: train.FitOptions{Epochs: 12}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Epochs) != 12 || r.Steps != 12*11 {
		t.Fatalf("%d epochs of %d steps, want 12 and 132", len(r.Epochs), r.Steps)
	}
	if acc := *r.Best.ValAccuracy; acc < 0.85 {
		t.Errorf("best validation accuracy %.3f, want 0.85 or more", acc)
	}
	if first, last := r.Epochs[0].TrainLoss, r.Epochs[11].TrainLoss; last > first/1.5 {
		t.Errorf("training loss went from %.3f to %.3f", first, last)
	}
}

// A run that is interrupted at any step, and goes on in a new process, ends with
// the weights and the metrics of one that was not, bit for bit: dropout's
// generator, the order of the examples and Adam's state included.
func TestResumeIsExact(t *testing.T) {
	for name, opts := range map[string]train.FitOptions{
		"plain":    {},
		"averaged": {EMA: 0.9, ClipValue: 0.01, ClipNorm: 0.1, Accumulate: 2, CheckpointEvery: train.Cadence{Steps: 4}},
		"best":     {RestoreBest: true, BestBy: train.ByLoss, CheckpointEvery: train.Cadence{Steps: 1}, Keep: 2},
		"early": {
			EMA: 0.5, RestoreBest: true, EarlyStop: 1, EarlyStopMetric: train.ByF1, EarlyStopMin: 0.5,
			Order: train.BalancedOrder(newPoints(210, 1).labels(), 7),
		},
	} {
		t.Run(name, func(t *testing.T) { resumeIsExact(t, opts) })
	}
}

func resumeIsExact(t *testing.T, opts train.FitOptions) {
	whole := opts
	whole.Dir = t.TempDir()
	m, want, err := toy{dropout: 0.3, opts: whole}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	weights := m.weights(t)
	for _, stops := range [][]int{{1}, {5, 6, 7}, {11}, {10, 11, 12, 20}, {21}} {
		o := opts
		o.Dir = t.TempDir()
		dir := o.Dir
		for i, at := range stops {
			ctx, cancel := context.WithCancel(context.Background())
			o.Resume, o.Workers = i > 0, i%3
			o.Observe = func(e train.Event) {
				if e, ok := e.(train.StepEvent); ok && e.Step == at {
					cancel()
				}
			}
			_, _, err := toy{dropout: 0.3, ctx: ctx, opts: o}.fit(t)
			cancel()
			var in *train.Interrupted
			if !errors.As(err, &in) || in.Step != at || in.Err != nil {
				t.Fatalf("stopped at %d: error %v, want an interruption after that step", at, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "model", "model.safetensors")); err != nil {
				t.Errorf("stopped at %d: no model saved: %v", at, err)
			}
		}
		o.Resume, o.Observe = true, nil
		m, got, err := toy{dropout: 0.3, opts: o}.fit(t)
		if err != nil {
			t.Fatalf("resume after %v: %v", stops, err)
		}
		if d := cmp.Diff(weights, m.weights(t)); d != "" {
			t.Errorf("stops at %v: weights differ:\n%s", stops, d)
		}
		for i := range min(len(got.Epochs), len(want.Epochs)) {
			got.Epochs[i].Seconds = want.Epochs[i].Seconds
		}
		if d := cmp.Diff(want.Epochs, got.Epochs); d != "" {
			t.Errorf("stops at %v: epochs differ:\n%s", stops, d)
		}
	}
}

// A run that began on a GPU has a second generator's state, which the CPU has no use for.
func TestResumeOnAnotherKindOfDevice(t *testing.T) {
	o := train.FitOptions{Dir: t.TempDir()}
	whole, _, err := toy{dropout: 0.3, opts: train.FitOptions{Dir: t.TempDir()}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o.Observe = func(e train.Event) {
		if e, ok := e.(train.StepEvent); ok && e.Step == 5 {
			cancel()
		}
	}
	var in *train.Interrupted
	if _, _, err := (toy{dropout: 0.3, ctx: ctx, opts: o}).fit(t); !errors.As(err, &in) {
		t.Fatal(err)
	}
	file := filepath.Join(in.Checkpoint, "progress.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	p["rng"] = append(p["rng"].([]any), []byte("sixteen bytes ..")) // as CUDA's has
	if data, err = json.Marshal(p); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	o.Resume, o.Observe = true, nil
	m, _, err := toy{dropout: 0.3, opts: o}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(whole.weights(t), m.weights(t)); d != "" {
		t.Errorf("weights differ:\n%s", d)
	}
}

// Finishing a finished run changes nothing.
func TestResumeOfAFinishedRun(t *testing.T) {
	dir := t.TempDir()
	m, want, err := toy{opts: train.FitOptions{Dir: dir}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	var ended []bool
	again, got, err := toy{opts: train.FitOptions{Dir: dir, Resume: true, Observe: func(e train.Event) {
		if e, ok := e.(train.ResumeEvent); ok {
			ended = append(ended, e.Ended)
		}
	}}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ended, []bool{true}) {
		t.Errorf("resumes that find the run to have ended: %v, want one", ended)
	}
	if d := cmp.Diff(m.weights(t), again.weights(t)); d != "" {
		t.Errorf("weights differ:\n%s", d)
	}
	if got.Steps != want.Steps || len(got.Epochs) != len(want.Epochs) {
		t.Errorf("%d steps, %d epochs; want %d and %d", got.Steps, len(got.Epochs), want.Steps, len(want.Epochs))
	}
}

func TestDamagedCheckpointFallsBack(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir, Keep: 3, CheckpointEvery: train.Cadence{Epochs: 1}}}).fit(t); err != nil {
		t.Fatal(err)
	}
	newest := filepath.Join(dir, "checkpoints", "step-000033")
	path := filepath.Join(newest, "model.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	var events []train.Event
	_, r, err := toy{opts: train.FitOptions{Dir: dir, Keep: 3, Resume: true, Observe: func(e train.Event) { events = append(events, e) }}}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if r.Steps != 33 {
		t.Errorf("%d steps, want 33", r.Steps)
	}
	damaged, ok := events[0].(train.CheckpointEvent)
	if !ok || damaged.Dir != newest || damaged.Err == nil || !strings.Contains(damaged.Err.Error(), "model.safetensors is damaged") {
		t.Errorf("first event %+v, want the damaged checkpoint", events[0])
	}
	resumed, ok := events[1].(train.ResumeEvent)
	if !ok || resumed.Step != 22 || resumed.Ended {
		t.Errorf("second event %+v, want to go on after step 22", events[1])
	}
}

// Four micro-batches of 5 give the step of one batch of 20, also where the
// epoch's last batch, of 10, is ragged.
func TestAccumulationEqualsTheBigBatch(t *testing.T) {
	for _, weights := range [][]float64{nil, {0.4, 1.7}} {
		loss := train.Loss{ClassWeights: weights, LabelSmoothing: 0.1}
		big, _, err := toy{opts: train.FitOptions{Loss: loss}}.fit(t)
		if err != nil {
			t.Fatal(err)
		}
		small, _, err := toy{opts: train.FitOptions{Loss: loss, Accumulate: 4}}.fit(t)
		if err != nil {
			t.Fatal(err)
		}
		got := small.weights(t)
		for name, want := range big.weights(t) {
			for i := range want {
				// Adam divides by the gradient's size: rounding of 1e-7 in a small
				// gradient becomes 1e-5 of a step of 0.02.
				if math.Abs(float64(got[name][i]-want[i])) > 1e-5 {
					t.Fatalf("%s[%d] = %g, want %g", name, i, got[name][i], want[i])
				}
			}
		}
	}
}

func TestDivergedNamesStepAndExamples(t *testing.T) {
	data := newPoints(60, 1)
	data.x[17][3] = float32(math.NaN())
	dir := t.TempDir()
	_, _, err := toy{data: data, opts: train.FitOptions{Dir: dir, Batch: 10}}.fit(t)
	var d *train.Diverged
	if !errors.As(err, &d) {
		t.Fatalf("error %v, want a *Diverged", err)
	}
	if d.Step < 1 || d.Step > 6 || len(d.Examples) != 10 || !strings.Contains(strings.Join(d.Examples, " "), "point 17") {
		t.Errorf("diverged at step %d on %v, want the batch with point 17", d.Step, d.Examples)
	}
}

// A model whose training diverged trains on from good data: no gradient is left.
func TestModelTrainsAfterDivergence(t *testing.T) {
	bad := newPoints(60, 1)
	bad.x[17][3] = float32(math.NaN())
	m := newMLP(t, 0)
	for i, data := range []*points{bad, newPoints(60, 1)} {
		opt, err := train.NewAdam(rt, m.st.Parameters(), train.AdamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = train.Fit(context.Background(), rt, m, data, nil, train.FitOptions{
			Epochs: 1, Batch: 10, Optimizer: opt, Schedule: schedule.Func(func(int) float64 { return 0.02 }),
		})
		opt.Close()
		var d *train.Diverged
		if diverged := errors.As(err, &d); diverged != (i == 0) || !diverged && err != nil {
			t.Fatalf("fit %d: %v", i, err)
		}
	}
}

func TestFitReportsAllFaults(t *testing.T) {
	_, err := train.Fit(context.Background(), rt, newMLP(t, 0), newPoints(10, 1), nil, train.FitOptions{
		Epochs: 1, Batch: 10, Accumulate: 3, ClipNorm: -1, Loss: train.Loss{LabelSmoothing: 1, ClassWeights: []float64{-1}},
		CheckpointEvery: train.Cadence{Steps: 5, Epochs: 1}, Resume: true,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no optimizer", "Resume without Dir", "--accumulate 3", "--clip", "--label-smoothing", "1 class weights for 2 classes", "class 0 has -1", "every 5 steps, 1 epochs and 0s"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not tell of %q", err, want)
		}
	}
}

// A frozen parameter stays as it was, bit for bit, and gets no optimiser state.
func TestFrozenStaysFrozen(t *testing.T) {
	m := newMLP(t, 0)
	before := m.weights(t)
	for _, p := range []*torch.Parameter{m.hid.Weight, m.hid.Bias} {
		if err := p.SetTrainable(false); err != nil {
			t.Fatal(err)
		}
	}
	opt, err := train.NewAdam(rt, m.st.Parameters(), train.AdamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	if _, err := train.Fit(context.Background(), rt, m, newPoints(100, 1), nil, train.FitOptions{
		Epochs: 1, Batch: 10, Optimizer: opt, Schedule: schedule.Func(func(int) float64 { return 0.1 }), ClipNorm: 1,
	}); err != nil {
		t.Fatal(err)
	}
	after := m.weights(t)
	for _, name := range []string{"hidden.weight", "hidden.bias"} {
		if d := cmp.Diff(before[name], after[name]); d != "" {
			t.Errorf("%s changed:\n%s", name, d)
		}
		if opt.State().Get(name+".exp_avg") != nil {
			t.Errorf("%s has optimiser state", name)
		}
	}
	if cmp.Equal(before["out.weight"], after["out.weight"]) {
		t.Error("out.weight did not change")
	}
}

// A label of no class is told with its example, before the loss sees it.
func TestLabelOfNoClass(t *testing.T) {
	for _, label := range []int64{2, -1} {
		data := newPoints(60, 1)
		data.y[17] = label
		_, _, err := toy{data: data}.fit(t)
		if want := fmt.Sprintf("point 17: label %d of 2 classes", label); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A step of classes that weigh nothing changes nothing, and is no divergence.
func TestStepOfNoWeight(t *testing.T) {
	data := newPoints(40, 1)
	for i := range data.y {
		data.y[i] = int64(i / 20)
	}
	inOrder := make([]int, 40)
	for i := range inOrder {
		inOrder[i] = i
	}
	var losses []float64
	_, _, err := toy{data: data, opts: train.FitOptions{
		Epochs: 1, Loss: train.Loss{ClassWeights: []float64{0, 1}, LabelSmoothing: 0.1}, Order: func(int) []int { return inOrder },
		Observe: func(e train.Event) {
			if e, ok := e.(train.StepEvent); ok {
				losses = append(losses, e.Loss)
			}
		},
	}}.fit(t)
	if err != nil || len(losses) != 2 || losses[0] != 0 || losses[1] <= 0 {
		t.Errorf("losses %v, error %v", losses, err)
	}
	for _, w := range []float64{math.NaN(), math.Inf(1), -0.5} {
		_, _, err := toy{opts: train.FitOptions{Loss: train.Loss{ClassWeights: []float64{1, w}}}}.fit(t)
		if want := fmt.Sprintf("class 1 has %g", w); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// What waits for evaluations is refused where there are none, or none of its kind.
func TestFitWithoutEvaluations(t *testing.T) {
	reduce := func(o schedule.PlateauOptions) schedule.Schedule {
		s, err := schedule.NewReducePlateau(schedule.ReducePlateauOptions{LR: 0.01, Plateau: o})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	thawing := func(when string) *freeze.Plan {
		policy, err := freeze.Parse("", "out@0,hidden@"+when)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := freeze.Compile(train.FreezeParams(layered{newMLP(t, 0)}), freeze.Spec{Policy: policy, StepsPerEpoch: 11, Epochs: 3})
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	for name, c := range map[string]struct {
		toy
		want string // "": none
	}{
		"empty":                     {toy{val: newPoints(0, 2)}, "the validation data is empty"},
		"plateau alone":             {toy{noVal: true, opts: train.FitOptions{Schedule: reduce(schedule.PlateauOptions{})}}, "--schedule plateau"},
		"plateau to grow":           {toy{opts: train.FitOptions{Schedule: reduce(schedule.PlateauOptions{Max: true})}}, "Max"},
		"plateau":                   {toy{opts: train.FitOptions{Schedule: reduce(schedule.PlateauOptions{})}}, ""},
		"thaws at a plateau, alone": {toy{noVal: true, opts: train.FitOptions{Freeze: thawing("plateau")}}, "--unfreeze plateau"},
		"thaws at a plateau":        {toy{opts: train.FitOptions{Freeze: thawing("plateau")}}, ""},
		"thaws at an epoch, alone":  {toy{noVal: true, opts: train.FitOptions{Freeze: thawing("1")}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.opts.Epochs = 1
			_, _, err := c.fit(t)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestInterruptedIsItsContextsError(t *testing.T) {
	why := errors.New("the machine is wanted")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	_, _, err := toy{ctx: ctx}.fit(t)
	var in *train.Interrupted
	if !errors.As(err, &in) || !errors.Is(err, context.Canceled) || !errors.Is(err, why) {
		t.Errorf("%v is not the context's error", err)
	}
}
