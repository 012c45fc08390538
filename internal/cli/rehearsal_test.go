package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// rows is data of one number of features, whose classes alternate.
type rows int

const rowWidth = 64

func (n rows) Len() int { return int(n) }

func (n rows) Labels() []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i % 2
	}
	return out
}

func (n rows) Batch(_ context.Context, _ int, idx []int) (rowBatch, error) { return idx, nil }

type rowBatch []int

func (b rowBatch) Size() int       { return len(b) }
func (b rowBatch) Name(int) string { return "row" }
func (b rowBatch) Tokens() int     { return 0 }

func (b rowBatch) Targets() []int64 {
	out := make([]int64, len(b))
	for i, k := range b {
		out[i] = int64(k % 2)
	}
	return out
}

// stack is a network of layers, each a group.
type stack struct {
	st     *torch.Store
	layers []*torch.Linear
}

func newStack(t *testing.T, rt *torch.Runtime, names ...string) *stack {
	t.Helper()
	m := &stack{st: rt.NewStore()}
	t.Cleanup(m.st.Close)
	for i, name := range names {
		out := rowWidth
		if i == len(names)-1 {
			out = 2
		}
		l, err := torch.NewLinear(m.st, name, rowWidth, out, torch.KaimingUniform(rowWidth), torch.Constant(0))
		if err != nil {
			t.Fatal(err)
		}
		m.layers = append(m.layers, l)
	}
	return m
}

func (m *stack) Forward(s *torch.Scope, b rowBatch) *torch.Tensor {
	x := s.Ones(torch.Float32, len(b), rowWidth)
	for _, l := range m.layers {
		x = l.Forward(s, x)
	}
	return x
}

func (m *stack) Store() *torch.Store       { return m.st }
func (m *stack) Classes() []string         { return []string{"even", "odd"} }
func (m *stack) Group(param string) string { g, _, _ := strings.Cut(param, "."); return g }

func openForTest(t *testing.T) *torch.Runtime {
	t.Helper()
	rt, err := torch.Open(torch.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

func toyTask(m *stack, n int, sizes []int) Task[rowBatch] {
	set := func(n int) plan.Set {
		return plan.Set{Labels: rows(n).Labels(), Sizes: sizes, Hashes: make([]plan.Hash, n), Name: func(int) string { return "row" }}
	}
	return Task[rowBatch]{
		Model: m, Found: Found{Source: "toy"}, Train: rows(n), Val: rows(6), Unit: "rows", Adam: train.AdamOptions{},
		Outlook: Outlook{Family: "text", Scan: func(context.Context, *Env) (plan.Scan, error) {
			return plan.Scan{Unit: "rows", What: "tokens", Classes: m.Classes(), Limit: 64, Training: set(n), Validation: set(6)}, nil
		}},
	}
}

func steadySizes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = 8 + i
	}
	return out
}

// What the plan says of parameters, gradients and state is exact; the model is
// the same afterwards, bit for bit.
func TestPlanCountsAndLeavesTheModel(t *testing.T) {
	rt := openForTest(t)
	m := newStack(t, rt, "bottom", "middle", "upper", "head")
	weights := func() map[string][]byte {
		out := make(map[string][]byte)
		for _, p := range m.st.All() {
			data, err := torch.CopyBytes(p.T)
			if err != nil {
				t.Fatal(err)
			}
			out[p.Name] = data
		}
		return out
	}
	before, live := weights(), rt.Live()
	f := goodFlags()
	f.Epochs, f.Batch, f.Freeze, f.Unfreeze = 4, 4, "bottom", "head@0,upper@1,middle@2"
	var stdout bytes.Buffer
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	env := &Env{Program: "toy", Stdout: &stdout, Stderr: stderr}
	o := TrainOptions{Flags: f, Machine: Machine{Workers: 0}}
	if err := Plan(context.Background(), env, rt, toyTask(m, 20, steadySizes(20)), o, PlanFlags{Probe: 3, JSON: true}); err != nil {
		t.Fatal(err)
	}
	var r plan.Report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	const layer, head = 4 * (rowWidth*rowWidth + rowWidth), 4 * (2*rowWidth + 2) // bytes
	if w := r.Memory.Weights; w != 3*layer+head {
		t.Errorf("weights of %d bytes, want %d", w, 3*layer+head)
	}
	if g := r.Memory.Gradients; g != 2*layer+head {
		t.Errorf("gradients of %d bytes, want those of the last phase, %d", g, 2*layer+head)
	}
	if s := r.Memory.Optimizer; s < 2*(2*layer+head) || s > 2*(2*layer+head)+100 {
		t.Errorf("state of %d bytes, want %d and the step counts", s, 2*(2*layer+head))
	}
	if r.Memory.Extrapolated || r.Memory.Peak <= r.Memory.Weights || r.Memory.Available <= 0 || r.Memory.Machine < r.Memory.Available/2 {
		t.Errorf("memory %+v", r.Memory)
	}
	// Three batches, the two other phases' middle one, and the evaluation of two
	// epochs.
	if r.Time == nil || r.Time.BatchesTimed != 7 || r.Time.Training <= 0 || r.Time.Evaluation <= 0 {
		t.Errorf("time %+v", r.Time)
	}
	if r.Schedule.Steps != 20 || len(r.Schedule.Points) != 20 || r.Data.Training != 20 || r.Data.Duplicates.Training != 19 {
		t.Errorf("schedule of %d steps in %d points, %+v", r.Schedule.Steps, len(r.Schedule.Points), r.Data)
	}
	if d := cmp.Diff(before, weights()); d != "" {
		t.Error("the weights have changed")
	}
	if n := rt.Live(); n != live {
		t.Errorf("%d tensors alive, %d before", n, live)
	}
}

// A batch that would not fit is not run, but foretold from a part of it.
func TestRehearsalLeavesOutWhatWouldNotFit(t *testing.T) {
	rt := openForTest(t)
	m := newStack(t, rt, "body", "head")
	f := goodFlags()
	f.Batch, f.Epochs = 16, 1
	task := toyTask(m, 64, steadySizes(64))
	fit, err := setup(rt, task, TrainOptions{Flags: f})
	if err != nil {
		t.Fatal(err)
	}
	defer fit.Optimizer.Close()
	scan, err := task.Outlook.Scan(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, available := range []int64{-1 << 40, 1 << 40} {
		trial, err := train.NewTrial(rt, train.Model[rowBatch](m), train.Data[rowBatch](task.Train), fit)
		if err != nil {
			t.Fatal(err)
		}
		r := &rehearsal[rowBatch]{rt: rt, task: task, fit: fit, scan: scan, trial: trial, available: available, tell: func(int, int) {}}
		r.layOut(context.Background(), r.perEpoch(), fit.Epochs)
		got, err := r.run(context.Background(), 2)
		if err != nil {
			t.Fatal(err)
		}
		// With memory below nothing at all, any batch is too much.
		if got.memory.Extrapolated != (available < 0) {
			t.Errorf("extrapolated with %d bytes available: %v", available, got.memory.Extrapolated)
		}
		if err := trial.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMachineMemory(t *testing.T) {
	total, available := machineMemory()
	if total <= 0 || available <= 0 || available > total {
		t.Errorf("%d of %d bytes available", available, total)
	}
	resetPeak()
	quiet := peakSinceReset()
	block := make([]byte, 64<<20)
	for i := range block {
		block[i] = 1
	}
	if peak := peakSinceReset(); peak < quiet+32<<20 {
		t.Errorf("peak of %d bytes after writing 64 MiB, %d before", peak, quiet)
	}
	block[0]++
}
