package train_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// state is all that a trial must put back.
func state(t testing.TB, m *mlp) map[string]any {
	t.Helper()
	rng, err := rt.RNGState()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{"rng": rng, "weights": m.weights(t)}
	for _, p := range m.st.All() {
		out["trains "+p.Name] = p.Trainable()
	}
	return out
}

func newAdam(t testing.TB, m *mlp, o train.AdamOptions) *train.Adam {
	t.Helper()
	opt, err := train.NewAdam(rt, m.st.Parameters(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opt.Close)
	return opt
}

func sweepOf(t testing.TB, o schedule.RangeTestOptions) *schedule.RangeTest {
	t.Helper()
	r, err := schedule.NewRangeTest(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The sweep learns, ends when the loss diverges, suggests a rate at which the
// model trains, and leaves the model as it was.
func TestRangeTestSuggestsAndLeavesTheModel(t *testing.T) {
	m, data := newMLP(t, 0.1), newPoints(1024, 1)
	before, live := state(t, m), rt.Live()
	sweep := sweepOf(t, schedule.RangeTestOptions{Lo: 1e-5, Hi: 100, Steps: 150})
	steps := 0
	opt := newAdam(t, m, train.AdamOptions{WeightDecay: -1})
	losses, err := train.RangeTest(context.Background(), rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{
		Batch: 128, Optimizer: opt, Observe: func(e train.Event) {
			s := e.(train.StepEvent)
			if steps++; s.Step != steps || s.Steps != 150 || s.LR != sweep.At(steps-1) {
				t.Errorf("event %+v of step %d", s, steps)
			}
		},
	}, sweep)
	if err != nil {
		t.Fatal(err)
	}
	opt.Close()
	if d := cmp.Diff(before, state(t, m)); d != "" {
		t.Errorf("the model has changed: %s", d)
	}
	if n := rt.Live(); n != live {
		t.Errorf("%d tensors alive, %d before", n, live)
	}
	if len(losses) == 150 || len(losses) < 60 || !sweep.Diverged(losses) {
		t.Errorf("%d losses, the last %v: want the sweep to diverge", len(losses), losses[len(losses)-1])
	}
	r, err := sweep.Report(losses)
	if err != nil {
		t.Fatal(err)
	}
	if r.Suggestion < 3e-4 || r.Suggestion > 0.3 {
		t.Errorf("suggested %v", r.Suggestion)
	}
}

// Of a plan that thaws later only what trains at the start is swept, also where
// the sweep goes through more data than an epoch has.
func TestRangeTestTrainsWhatTrainsFirst(t *testing.T) {
	m, data := newMLP(t, 0), newPoints(40, 1)
	policy, err := freeze.Parse("", "out@0,hidden@1")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := freeze.Compile(train.FreezeParams(layered{m}), freeze.Spec{Policy: policy, StepsPerEpoch: 5, Epochs: 3})
	if err != nil {
		t.Fatal(err)
	}
	opt := newAdam(t, m, train.AdamOptions{})
	before := state(t, m)
	if _, err = train.RangeTest(context.Background(), rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{
		Batch: 8, Optimizer: opt, Freeze: plan,
	}, sweepOf(t, schedule.RangeTestOptions{Lo: 1e-5, Hi: 1e-3, Steps: 30})); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, state(t, m)); d != "" {
		t.Errorf("the model has changed: %s", d)
	}
	if opt.State().Get("hidden.weight.exp_avg") != nil || opt.State().Get("out.weight.exp_avg") == nil {
		t.Error("not the head alone was trained")
	}
}

func TestRangeTestInterrupted(t *testing.T) {
	m, data := newMLP(t, 0.1), newPoints(64, 1)
	before := state(t, m)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	losses, err := train.RangeTest(ctx, rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{
		Batch: 8, Optimizer: newAdam(t, m, train.AdamOptions{}),
		Observe: func(e train.Event) {
			if e.(train.StepEvent).Step == 3 {
				cancel()
			}
		},
	}, sweepOf(t, schedule.RangeTestOptions{}))
	if !errors.Is(err, context.Canceled) || len(losses) != 3 {
		t.Errorf("%d losses, error %v", len(losses), err)
	}
	if d := cmp.Diff(before, state(t, m)); d != "" {
		t.Errorf("the model has changed: %s", d)
	}
}

// A loss that is not finite ends the sweep and is its last.
func TestRangeTestEndsAtInfinity(t *testing.T) {
	m, data := newMLP(t, 0), newPoints(64, 1)
	losses, err := train.RangeTest(context.Background(), rt, train.Model[*pointBatch](m), train.Data[*pointBatch](data), train.FitOptions{
		Batch: 8, Optimizer: newAdam(t, m, train.AdamOptions{}),
	}, sweepOf(t, schedule.RangeTestOptions{Lo: 1e10, Hi: 1e38, Steps: 40, Diverge: math.MaxFloat64}))
	if err != nil || len(losses) == 0 || !math.IsInf(losses[len(losses)-1], 1) {
		t.Errorf("losses %v, error %v", losses, err)
	}
}

// A loop of one's own: a snapshot before, the sweep's rates within.
func ExampleTakeSnapshot() {
	ctx := context.Background()
	model, err := makeMLP(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Store().Close()
	data := newPoints(512, 1)
	sweep, err := schedule.NewRangeTest(schedule.RangeTestOptions{Lo: 1e-5, Hi: 10, Steps: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	kept, err := train.TakeSnapshot(rt, model.Store())
	if err != nil {
		fmt.Println(err)
		return
	}
	opt, err := train.NewAdam(rt, model.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opt.Close()
	var losses []float64
	for s, err := range train.Steps(ctx, rt, data.batches(ctx, 128)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		loss := s.CrossEntropy(model.Forward(s.Scope, s.Batch), torch.FromSlice(s.Scope, s.Batch.y, s.Batch.Size()))
		s.Backward(loss)
		opt.Step(s.Scope, sweep.At(s.Index))
		if losses = append(losses, s.Float(loss)); sweep.Diverged(losses) {
			break
		}
	}
	if err := kept.Restore(); err != nil {
		fmt.Println(err)
		return
	}
	report, err := sweep.Report(losses)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Suggestion > 1e-4 && report.Suggestion < 1)
	// Output: true
}

// batches yields so many points at a time, over and over.
func (p *points) batches(ctx context.Context, n int) iter.Seq2[*pointBatch, error] {
	return func(yield func(*pointBatch, error) bool) {
		idx := make([]int, n)
		for k := 0; ; k += n {
			for i := range idx {
				idx[i] = (k + i) % p.Len()
			}
			if b, err := p.Batch(ctx, 0, idx); !yield(b, err) {
				return
			}
		}
	}
}

// The same through Fit's own steps, with all that they do.
func ExampleRangeTest() {
	model, err := makeMLP(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Store().Close()
	opt, err := train.NewAdam(rt, model.Store().Parameters(), train.AdamOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opt.Close()
	sweep, err := schedule.NewRangeTest(schedule.RangeTestOptions{Lo: 1e-5, Hi: 10, Steps: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	losses, err := train.RangeTest(context.Background(), rt, train.Model[*pointBatch](model), train.Data[*pointBatch](newPoints(512, 1)),
		train.FitOptions{Batch: 128, Optimizer: opt}, sweep)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := sweep.Report(losses)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Suggestion > 1e-4 && report.Suggestion < 1)
	// Output: true
}
