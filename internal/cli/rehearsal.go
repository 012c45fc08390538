package cli

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"

	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// rehearsal runs a few steps of a run that does not take place, to learn what it
// needs of memory and time.
type rehearsal[B train.Batch] struct {
	rt    *torch.Runtime
	task  Task[B]
	fit   train.FitOptions
	scan  plan.Scan
	trial *train.Trial[B]
	tell  func(done, total int)
	// available is how much memory the batches may take before the longest is left
	// out.
	available int64

	steps  []planned
	phases []int // first steps of what trains alike
}

// planned is a step, or a batch of the evaluation, and how much work it is.
type planned struct {
	step    int
	work    float64
	largest float64 // of a micro-batch: memory is a matter of that
	size    int     // examples
}

func newPlanned(step int, examples []int, split plan.Split) planned {
	p := planned{step: step, size: len(examples)}
	for _, part := range split.Parts(examples) {
		p.work += part.Work()
		p.largest = max(p.largest, part.Work())
	}
	return p
}

// measured is what a rehearsal found.
type measured struct {
	memory   plan.Memory
	stepping int64 // the most that is held during steps
	resting  int64 // what they leave behind: the heap does not give back all
	time     plan.Time
}

// sizes are the lengths that batches are padded to; nil for pictures.
func (r *rehearsal[B]) sizes(s plan.Set) []int {
	if r.scan.What != "tokens" {
		return nil
	}
	return s.Sizes
}

// layOut lists the steps of the run and the phases of its freezing.
func (r *rehearsal[B]) layOut(ctx context.Context, stepsPerEpoch, epochs int) {
	split := r.split()
	for step, examples := range r.trial.Batches(ctx) {
		r.steps = append(r.steps, newPlanned(step, examples, split))
	}
	total := stepsPerEpoch * epochs
	for _, c := range r.fit.Freeze.ChangePoints() {
		if c.Step >= 0 && c.Step < total { // when a plateau comes, nobody knows
			r.phases = append(r.phases, c.Step)
		}
	}
}

// heaviest returns the first step of the phase in which most trains.
func (r *rehearsal[B]) heaviest(params []freeze.Param) int {
	best, most := 0, -1
	for _, c := range r.fit.Freeze.ChangePoints() {
		if n := c.Mask.Count(params); n >= most && (c.Step >= 0 && c.Step < len(r.steps)) {
			best, most = c.Step, n
		}
	}
	return best
}

// run measures memory on the longest batches and time on so many of all kinds.
func (r *rehearsal[B]) run(ctx context.Context, batches int) (m measured, err error) {
	params := train.FreezeParams(r.task.Model)
	phase := r.heaviest(params)
	byWork := slices.Clone(r.steps)
	slices.SortStableFunc(byWork, func(a, b planned) int { return cmp.Compare(a.work, b.work) })
	longest := slices.MaxFunc(r.steps, func(a, b planned) int { return cmp.Compare(a.largest, b.largest) })
	total := batches + 3
	done := 0
	step := func(at int, examples []int) (train.TrialCost, error) {
		c, err := r.trial.Step(ctx, at, examples)
		done++
		r.tell(min(done, total), total)
		return c, err
	}
	// The first step loads libtorch's code and makes the optimiser's state.
	few := r.trial.Examples(longest.step)[:1]
	if _, err := step(phase, few); err != nil {
		return m, err
	}
	quiet := r.settled()
	m.memory = r.standing(params, phase, quiet)
	// From here on nothing is given back in between: what batches of other lengths
	// leave behind in the heap is part of a run's memory too.
	resetPeak()
	foretold, leftOut, err := r.longest(phase, longest, quiet+m.memory.Gradients, step)
	if err != nil {
		return m, err
	}
	samples, err := r.timed(byWork, batches, phase, leftOut, step)
	if err != nil {
		return m, err
	}
	m.stepping = r.peak()
	evals, err := r.evaluations(ctx)
	if err != nil {
		return m, err
	}
	high := r.peak()
	if r.fit.Epochs > 1 && !leftOut {
		// A later epoch finds the heap as the evaluation has left it.
		resetPeak()
		if _, err := step(phase, r.trial.Examples(longest.step)); err != nil {
			return m, err
		}
		m.stepping = max(m.stepping, r.peak())
		again, err := r.evaluations(ctx)
		if err != nil {
			return m, err
		}
		evals, high = append(evals, again...), max(high, r.peak())
	}
	m.resting = r.held()
	m.memory.Extrapolated = leftOut
	m.memory.Activations = max(high-quiet-m.memory.Gradients, foretold, 0)
	m.time, err = r.clock(samples, evals, phase, byWork[len(byWork)/2], step)
	return m, err
}

// settled gives back what is free and returns the memory that is held then.
func (r *rehearsal[B]) settled() int64 {
	debug.FreeOSMemory()
	r.rt.Trim()
	return r.held()
}

// held is the memory in use: of the GPU, where that is what trains.
func (r *rehearsal[B]) held() int64 {
	if r.rt.Device().IsCUDA() {
		if m, err := r.rt.CUDAMemory(); err == nil {
			return m.Current
		}
	}
	return int64(residentBytes())
}

// peak is the most memory since resetPeak; of a GPU, since the process began.
func (r *rehearsal[B]) peak() int64 {
	if r.rt.Device().IsCUDA() {
		if m, err := r.rt.CUDAMemory(); err == nil {
			return m.Peak
		}
	}
	return peakSinceReset()
}

// longest runs the batch that needs most. Where a part of it foretells that it
// would not fit, it is left, and what it would add to the memory without
// activations is returned.
func (r *rehearsal[B]) longest(phase int, p planned, without int64, step func(int, []int) (train.TrialCost, error)) (foretold int64, leftOut bool, err error) {
	part := r.largestPart(p)
	small := max(len(part)/8, 1)
	if _, err := step(phase, part[:small]); err != nil || small == len(part) {
		return 0, false, err
	}
	foretold = plan.Extrapolate(0, 0, small, max(r.peak()-without, 0), len(part))
	if foretold > r.available/10*9 {
		return foretold, true, nil
	}
	_, err = step(phase, r.trial.Examples(p.step))
	return 0, false, err
}

// largestPart returns the examples of the micro-batch with the most work.
func (r *rehearsal[B]) largestPart(p planned) []int {
	var best []int
	most := -1.0
	for _, part := range r.split().Parts(r.trial.Examples(p.step)) {
		if part.Work() > most {
			best, most = part.Examples, part.Work()
		}
	}
	return best
}

// split is how the run makes micro-batches of a step.
func (r *rehearsal[B]) split() plan.Split {
	return plan.Split{
		Micro: r.fit.Batch / max(r.fit.Accumulate, 1), Tokens: r.fit.MaxBatchTokens,
		Sizes: r.sizes(r.scan.Training), Limit: r.scan.Limit,
	}
}

// standing is the memory that is held between steps.
func (r *rehearsal[B]) standing(params []freeze.Param, phase int, quiet int64) plan.Memory {
	var m plan.Memory
	model, state := int64(r.task.Model.Store().Bytes()), int64(r.fit.Optimizer.State().Bytes())
	m.Weights, m.Optimizer = model, state
	mask := r.fit.Freeze.At(freeze.Progress{Step: phase, Epoch: phase / max(r.perEpoch(), 1)})
	m.Gradients = 4 * int64(mask.Count(params))
	ever := int64(0) // what trained before and no longer does keeps its state
	for i := range params {
		if slices.ContainsFunc(r.fit.Freeze.ChangePoints(), func(c freeze.Change) bool { return c.Mask[i] }) {
			ever += 8 * int64(params[i].Numel)
		}
	}
	m.Base = quiet - model - state
	if r.rt.Device().IsCUDA() {
		m.Base = 0
	}
	m.Optimizer = max(state, ever)
	return m
}

func (r *rehearsal[B]) perEpoch() int {
	return (r.task.Train.Len() + r.fit.Batch - 1) / r.fit.Batch
}
