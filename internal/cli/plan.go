package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/schedule"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// PlanFlags are those of the verb plan beside train's.
type PlanFlags struct {
	Probe int  `default:"4" help:"Batches to time, forward and backward; 0: none, and then neither time nor activations are foretold." group:"Plan"`
	JSON  bool `name:"json" help:"End with one JSON object on stdout." group:"Plan"`
}

// Validate reports a wrong flag.
func (f PlanFlags) Validate() error {
	if f.Probe < 0 {
		return fmt.Errorf("--probe: %d, want 0 (nothing is run) or more", f.Probe)
	}
	return nil
}

// Outlook is what the verb plan needs to know of a task beside what trains.
type Outlook struct {
	// Scan reads every example once.
	Scan         func(ctx context.Context, env *Env) (plan.Scan, error)
	Family       string // "text", "vision"
	MaxPositions int    // 0: not limited
	Dropout      bool
	BatchBytes   int64 // of an example in a batch on the host
	Cached       bool  // decoded pictures are kept for later epochs
}

// Plan tells what the run that o describes would be like. It trains nothing and
// writes nothing but the report.
func Plan[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, t Task[B], o TrainOptions, f PlanFlags) error {
	fit, err := setup(rt, t, o)
	if err != nil {
		return err
	}
	defer fit.Optimizer.Close()
	scan, err := t.Outlook.Scan(ctx, env)
	if err != nil {
		return err
	}
	steps := loader.Plan{N: t.Train.Len(), Batch: fit.Batch, Epochs: fit.Epochs}
	r := plan.Report{
		Model: t.Source, Device: rt.Device().String(), Precision: rt.Autocast().String(), Threads: rt.Threads(), Notes: append([]string{}, t.Notes...),
		Data: plan.Describe(scan), Parameters: fit.Freeze.Timetable(),
		Schedule: outline(o.Flags, fit, steps),
	}
	var m measured
	if f.Probe > 0 {
		if m, err = rehearse(ctx, env, rt, t, fit, scan, f.Probe); err != nil {
			return err
		}
		r.Time = &m.time
	} else {
		m.memory = plan.Memory{Base: int64(residentBytes()) - int64(t.Model.Store().Bytes()), Weights: int64(t.Model.Store().Bytes())}
		m.memory.Gradients = 4 * int64(r.Parameters.AtEnd)
		m.memory.Optimizer = 2 * m.memory.Gradients
		m.resting = m.memory.WithPeak().Peak
	}
	r.Memory = t.complete(m, fit, scan, rt)
	r.Warnings = plan.Warnings(t.facts(o.Flags, fit, r.Schedule), r.Data, r.Memory)
	if f.JSON {
		return json.NewEncoder(env.Stdout).Encode(r)
	}
	return r.Write(env.Stdout)
}

// rehearse runs the steps and puts back what they change.
func rehearse[B train.Batch](ctx context.Context, env *Env, rt *torch.Runtime, t Task[B], fit train.FitOptions, scan plan.Scan, batches int) (m measured, err error) {
	trial, err := train.NewTrial(rt, train.Model[B](t.Model), train.Data[B](t.Train), fit)
	if err != nil {
		return m, err
	}
	defer func() {
		if cerr := trial.Close(); err == nil {
			err = cerr
		}
	}()
	env.training.Store(true)
	bar := newProgress(env)
	defer bar.close()
	r := &rehearsal[B]{
		rt: rt, task: t, fit: fit, scan: scan, trial: trial, available: availableTo(rt),
		tell: func(done, total int) { bar.draw("trying batches", done, total, "") },
	}
	r.layOut(ctx, r.perEpoch(), fit.Epochs)
	if err := ctx.Err(); err != nil {
		return m, err
	}
	return r.run(ctx, batches)
}

// complete adds what no single step shows.
func (t Task[B]) complete(found measured, fit train.FitOptions, scan plan.Scan, rt *torch.Runtime) plan.Memory {
	m := found.memory
	// A checkpoint is copied to be written at an epoch's end, beside what the steps
	// have left behind; and beside those that follow, where any do.
	beside := found.resting
	if fit.Epochs > 1 || fit.CheckpointEvery.Steps > 0 || fit.CheckpointEvery.Time > 0 {
		beside = max(beside, found.stepping)
	}
	copies := m.Weights + m.Optimizer
	if fit.EMA > 0 {
		copies += m.Weights
	}
	if rt.Device().IsCUDA() {
		m.Device = m.Weights + m.Gradients + m.Optimizer + m.Activations
		if now, err := rt.CUDAMemory(); err == nil {
			m.DeviceAvailable = now.Available + now.Current // this process ends before the run begins
		}
		m.Base, m.Checkpoint = int64(residentBytes()), copies
	} else {
		m.Checkpoint = max(0, beside+copies-m.WithPeak().Peak)
	}
	m.Batches = t.Outlook.BatchBytes * int64(fit.Batch) * int64(1+2*fit.Workers)
	m.Base -= scan.Held
	if t.Outlook.Cached {
		m.Cache = scan.Decoded
	}
	m = m.WithPeak()
	m.Machine, m.Available = machineMemory()
	m.Available += int64(residentBytes()) // as above
	m.Peak -= m.Device
	return m
}

// availableTo is the memory that the device of rt has for more tensors.
func availableTo(rt *torch.Runtime) int64 {
	if rt.Device().IsCUDA() {
		if m, err := rt.CUDAMemory(); err == nil {
			return m.Available
		}
		return math.MaxInt64 // unknown
	}
	_, available := machineMemory()
	return available
}

// outline samples the schedule.
func outline(f TrainFlags, fit train.FitOptions, steps loader.Plan) plan.Schedule {
	s := plan.Schedule{Name: f.Schedule, Epochs: fit.Epochs, Steps: steps.Steps(), StepsPerEpoch: steps.StepsPerEpoch(), Batch: fit.Batch}
	if w, err := schedule.ParseWarmup(f.Warmup); err == nil {
		s.Warmup = w.Of(s.Steps)
	}
	const points = 49
	n := max(min(points, s.Steps), 1)
	for i := range n {
		k := 0
		if n > 1 {
			k = i * (s.Steps - 1) / (n - 1)
		}
		s.Points = append(s.Points, plan.Rate{Step: k, LR: fit.Schedule.At(k)})
	}
	return s
}

// facts gathers what the warnings look at.
func (t Task[B]) facts(f TrainFlags, fit train.FitOptions, s plan.Schedule) plan.Facts {
	out := plan.Facts{
		LR: f.LR, Family: t.Outlook.Family, Dropout: t.Outlook.Dropout,
		Batch: fit.Batch, Micro: fit.Batch / max(fit.Accumulate, 1), EvalBatch: fit.EvalBatch,
		Epochs: s.Epochs, StepsPerEpoch: s.StepsPerEpoch, Warmup: s.Warmup,
		Balanced: f.ClassWeights != "none", MaxPositions: t.Outlook.MaxPositions,
	}
	for _, p := range fit.Freeze.Beyond() {
		out.Beyond = append(out.Beyond, p.String())
	}
	groups := fit.Freeze.Groups()
	st := t.Model.Store()
	params := st.Parameters()
	for _, c := range fit.Freeze.ChangePoints() {
		for g, group := range groups {
			for _, i := range group.Params {
				if !c.Mask[i] {
					continue
				}
				out.TrainsBody = out.TrainsBody || g < len(groups)-1
				layer := strings.TrimSuffix(params[i].Name, ".weight")
				out.TrainsNorm = out.TrainsNorm || params[i].Norm && st.Get(layer+".running_mean") != nil
			}
		}
	}
	return out
}
