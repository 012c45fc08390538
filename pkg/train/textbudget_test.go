package train_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// textFit is a run of a small BERT on 64 texts of 1 to 24 words.
type textFit struct {
	dropout float64
	opts    train.FitOptions
	ctx     context.Context
	data    train.Data[*text.Batch] // nil: the texts
	frozen  bool                    // embeddings and first layer
}

// textResult is what became of it.
type textResult struct {
	train.Result
	steps   []train.StepEvent
	weights map[string][]float32
}

func openBudgetTexts(t *testing.T) *text.Dataset {
	t.Helper()
	tok, err := text.OpenTokenizer(vocabulary(t))
	if err != nil {
		t.Fatal(err)
	}
	ds := openTexts(t, tok, 24)
	t.Cleanup(func() { ds.Close() })
	return ds
}

func (r textFit) fit(t *testing.T) (out textResult, err error) {
	t.Helper()
	if r.data == nil {
		r.data = openBudgetTexts(t)
	}
	// The same head each time.
	if err := rt.Seed(1); err != nil {
		t.Fatal(err)
	}
	m, _, err := text.Load(rt, "../text/testdata/bert-tiny", text.LoadOptions{Labels: []string{"short", "long"}, Dropout: &r.dropout})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, p := range m.Store().Parameters() {
		if g := m.Group(p.Name); r.frozen && (g == "embeddings" || g == "layer.0") {
			if err := p.SetTrainable(false); err != nil {
				t.Fatal(err)
			}
		}
	}
	// With this eps an update is in proportion to a small gradient; without, Adam
	// makes a whole step of the rounding of a gradient that is zero.
	opt, err := train.NewAdam(rt, m.Store().Parameters(), train.AdamOptions{Eps: 1e-3, WeightDecay: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	defer opt.Close()
	lr, err := schedule.NewConstant(schedule.ConstantOptions{LR: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	o := r.opts
	o.Epochs, o.Batch, o.Optimizer, o.Schedule, o.ClipNorm, o.Seed = 2, 28, opt, lr, 1, 5
	o.Loss = train.Loss{ClassWeights: []float64{0.7, 1.4}, LabelSmoothing: 0.1}
	observe := o.Observe
	o.Observe = func(e train.Event) {
		if s, ok := e.(train.StepEvent); ok {
			out.steps = append(out.steps, s)
		}
		if observe != nil {
			observe(e)
		}
	}
	if r.ctx == nil {
		r.ctx = context.Background()
	}
	out.Result, err = train.Fit(r.ctx, rt, m, r.data, nil, o)
	out.weights = make(map[string][]float32)
	for _, p := range m.Store().All() {
		v := make([]float32, p.T.Numel())
		if err := torch.CopyOut(v, p.T); err != nil {
			t.Fatal(err)
		}
		out.weights[p.Name] = v
	}
	return out, err
}

// largest is the most that any element of any parameter differs by.
func largest(a, b map[string][]float32) (name string, by float64) {
	for n, v := range a {
		for i := range v {
			if d := math.Abs(float64(v[i]) - float64(b[n][i])); !(d <= by) {
				name, by = n, d
			}
		}
	}
	return name, by
}

// Steps that are split to keep within a budget of tokens are those of the whole
// batch: losses, gradient norms, and the weights in the end, within 1e-6; and what
// is counted is equal. The epoch's last step, of 8 texts, is ragged.
func TestTokenBudgetEqualsTheBigBatch(t *testing.T) {
	if rt.Autocast() != torch.Float32 {
		t.Fatal("the runtime of this test is to compute in float32")
	}
	ds := openBudgetTexts(t)
	for name, base := range map[string]textFit{
		"plain":    {},
		"averaged": {opts: train.FitOptions{EMA: 0.5}},
		"frozen":   {frozen: true},
	} {
		whole, err := base.fit(t)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []train.FitOptions{
			{MaxBatchTokens: 1 << 20}, // never split
			{MaxBatchTokens: 200},
			{MaxBatchTokens: 20}, // some texts are longer
			{MaxBatchTokens: 200, Accumulate: 4},
		} {
			r := base
			r.opts.MaxBatchTokens, r.opts.Accumulate = c.MaxBatchTokens, c.Accumulate
			data := &counting{Data: ds}
			r.data = data
			got, err := r.fit(t)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.steps) != len(whole.steps) || len(got.steps) != 6 {
				t.Fatalf("%s, %d tokens: %d steps, %d whole, want 6", name, c.MaxBatchTokens, len(got.steps), len(whole.steps))
			}
			for i, w := range whole.steps {
				g := got.steps[i]
				if math.Abs(g.Loss-w.Loss) > 1e-6*w.Loss || math.Abs(g.GradNorm-w.GradNorm) > 1e-6*w.GradNorm {
					t.Errorf("%s, %d tokens, step %d: loss %.9g and norm %.9g, whole %.9g and %.9g", name, c.MaxBatchTokens, i+1, g.Loss, g.GradNorm, w.Loss, w.GradNorm)
				}
				if g.Examples != w.Examples || g.Tokens != w.Tokens || g.LR != w.LR {
					t.Errorf("%s, %d tokens, step %d: %d examples of %d tokens, whole %d of %d", name, c.MaxBatchTokens, i+1, g.Examples, g.Tokens, w.Examples, w.Tokens)
				}
			}
			for i, w := range whole.Epochs {
				if d := math.Abs(got.Epochs[i].TrainLoss - w.TrainLoss); d > 1e-6*w.TrainLoss {
					t.Errorf("%s, %d tokens: epoch %d's loss is off by %g", name, c.MaxBatchTokens, i+1, d)
				}
			}
			if at, d := largest(whole.weights, got.weights); d > 1e-6 {
				t.Errorf("%s, %d tokens: %s is off by %g", name, c.MaxBatchTokens, at, d)
			}
			if c.MaxBatchTokens == 1<<20 && c.Accumulate == 0 {
				if d := cmp.Diff(whole.weights, got.weights); d != "" {
					t.Errorf("%s: a step within the budget is another:\n%s", name, d)
				}
			}
			if data.built != 6 {
				t.Errorf("%s, %d tokens: %d batches were tokenized for 6 steps", name, c.MaxBatchTokens, data.built)
			}
		}
	}
}

// counting counts the batches that are built, in the loop.
type counting struct {
	train.Data[*text.Batch]
	built int
}

func (c *counting) Batch(ctx context.Context, epoch int, idx []int) (*text.Batch, error) {
	c.built++
	return c.Data.Batch(ctx, epoch, idx)
}

// A run whose batches are grouped by length and split by tokens, which is stopped
// and goes on with other workers, ends bit for bit as one that was not: dropout's
// masks, too.
func TestResumeWithTokenBudgetIsExact(t *testing.T) {
	ds := openBudgetTexts(t)
	lengths, err := ds.Lengths(t.Context(), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts := func(dir string) train.FitOptions {
		return train.FitOptions{
			Dir: dir, MaxBatchTokens: 100, Accumulate: 2, Order: train.GroupedOrder(lengths, 28, 5, nil),
			CheckpointEvery: train.Cadence{Steps: 1}, EMA: 0.5,
		}
	}
	want, err := textFit{dropout: 0.3, data: ds, opts: opts(t.TempDir())}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	o := opts(t.TempDir())
	for i, stop := range []int{1, 2, 4} {
		ctx, cancel := context.WithCancel(context.Background())
		o.Resume, o.Workers = i > 0, i
		o.Observe = func(e train.Event) {
			if e, ok := e.(train.StepEvent); ok && e.Step == stop {
				cancel()
			}
		}
		_, err := textFit{dropout: 0.3, data: ds, opts: o, ctx: ctx}.fit(t)
		cancel()
		var in *train.Interrupted
		if !errors.As(err, &in) || in.Step != stop {
			t.Fatalf("stopped at %d: error %v", stop, err)
		}
	}
	o.Resume, o.Observe = true, nil
	got, err := textFit{dropout: 0.3, data: ds, opts: o}.fit(t)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.weights, got.weights); d != "" {
		t.Errorf("weights differ:\n%s", d)
	}
	for i, e := range got.steps { // the last two
		w := want.steps[len(want.steps)-len(got.steps)+i]
		if e.Duration = w.Duration; !cmp.Equal(w, e) {
			t.Errorf("step %+v, want %+v", e, w)
		}
	}
}

func TestTokenBudgetNeedsLengths(t *testing.T) {
	_, _, err := toy{opts: train.FitOptions{MaxBatchTokens: 10}}.fit(t)
	if err == nil || err.Error() != "--max-batch-tokens: examples of type *train_test.pointBatch have no length" {
		t.Errorf("error %v", err)
	}
	_, err = textFit{opts: train.FitOptions{MaxBatchTokens: -1}}.fit(t)
	if err == nil || err.Error() != "--max-batch-tokens: -1, want 0 (no limit) or more" {
		t.Errorf("error %v", err)
	}
}

// Of texts grouped by length, less than half as much is padded.
func TestGroupedTextsPadLittle(t *testing.T) {
	ds := openBudgetTexts(t)
	lengths, err := ds.Lengths(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	padded := func(order []int) (n int) {
		for b := range slices.Chunk(order, 4) {
			n += loader.Padded(lengths, b)
		}
		return n
	}
	tokens := 0
	for _, n := range lengths {
		tokens += n
	}
	shuffled, grouped := padded(train.BalancedOrder(ds.Labels(), 5)(0)), padded(train.GroupedOrder(lengths, 4, 5, nil)(0))
	if !(grouped-tokens < (shuffled-tokens)/2) {
		t.Errorf("%d tokens are padded to %d shuffled, %d grouped", tokens, shuffled, grouped)
	}
}
