package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gotune/gotune/internal/plan"
	"github.com/gotune/gotune/pkg/train"
)

// timed runs batches of all lengths, from the shortest to the longest.
func (r *rehearsal[B]) timed(byWork []planned, batches, phase int, leaveLongest bool, step func(int, []int) (train.TrialCost, error)) ([]plan.Sample, error) {
	var out []plan.Sample
	for k := range batches {
		i := (2*k + 1) * (len(byWork) - 1) / (2 * batches)
		if leaveLongest {
			i /= 4
		}
		p := byWork[i]
		c, err := step(phase, r.trial.Examples(p.step))
		if err != nil {
			return nil, err
		}
		out = append(out, plan.Sample{Work: p.work, Compute: c.Compute, Build: c.Build})
	}
	return out, nil
}

// evaluations runs the longest and the middle batch of the evaluation.
func (r *rehearsal[B]) evaluations(ctx context.Context) (samples []plan.Sample, err error) {
	batches := r.evalBatches()
	if len(batches) == 0 {
		return nil, nil
	}
	slices.SortStableFunc(batches, func(a, b planned) int { return cmp.Compare(a.work, b.work) })
	tried := []planned{batches[len(batches)-1]}
	if n := len(batches); n > 1 {
		tried = []planned{batches[(n-1)/2], batches[n-1]}
		// In the run's order: what one leaves in the heap, the next may not fit into.
		slices.SortFunc(tried, func(a, b planned) int { return cmp.Compare(a.step, b.step) })
	}
	for _, p := range tried {
		from := p.step * r.fit.EvalBatch
		c, err := r.trial.Eval(ctx, r.task.Val, r.evalOrder()[from:from+p.size])
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		samples = append(samples, plan.Sample{Work: p.work, Compute: c.Compute, Build: c.Build})
	}
	return samples, nil
}

// evalOrder is the order in which the evaluation goes through its examples.
func (r *rehearsal[B]) evalOrder() []int {
	if r.task.Order != nil {
		return r.task.Order
	}
	order := make([]int, r.task.Val.Len())
	for i := range order {
		order[i] = i
	}
	return order
}

func (r *rehearsal[B]) evalBatches() []planned {
	if r.task.Val == nil {
		return nil
	}
	var out []planned
	for b := range slices.Chunk(r.evalOrder(), r.fit.EvalBatch) {
		out = append(out, newPlanned(len(out), b, plan.Split{Micro: len(b), Sizes: r.sizes(r.scan.Validation), Limit: r.scan.Limit}))
	}
	return out
}

// clock adds up the run's time.
func (r *rehearsal[B]) clock(samples, evals []plan.Sample, phase int, middle planned, step func(int, []int) (train.TrialCost, error)) (plan.Time, error) {
	t := plan.Time{BatchesTimed: len(samples) + len(evals)}
	speed, workers := plan.Fit(samples), r.fit.Workers
	ratios, timed, err := r.ratios(phase, speed.Of(middle.work, unhindered).Seconds(), middle, step)
	if err != nil {
		return t, err
	}
	t.BatchesTimed += timed
	var waits, computes float64
	examples := 0
	for _, p := range r.steps {
		i, found := slices.BinarySearch(r.phases, p.step)
		if !found {
			i--
		}
		s, ratio := speed, ratios[max(i, 0)]
		s.Fixed, s.PerWork = s.Fixed*ratio, s.PerWork*ratio
		t.Training += s.Of(p.work, workers).Seconds()
		computes += s.Of(p.work, unhindered).Seconds()
		waits += s.BuildPerWork * p.work / float64(max(workers, 1))
		examples += p.size
	}
	t.BuildingLimit = waits > 1.1*computes
	rounds := r.fit.Epochs
	if r.fit.EvalFirst {
		rounds++
	}
	evalSpeed := plan.Fit(evals)
	for _, p := range r.evalBatches() {
		t.Evaluation += float64(rounds) * evalSpeed.Of(p.work, workers).Seconds()
	}
	t.Total = t.Training + t.Evaluation
	if len(r.steps) > 0 && t.Training > 0 {
		t.Step, t.ExamplesPerS = t.Training/float64(len(r.steps)), float64(examples)/t.Training
	}
	return t, nil
}

// unhindered is so many workers that no batch is waited for.
const unhindered = 1 << 20

// ratios compares the phases in which other parts train with the one that was
// timed, on the middle batch: the first, the last and one between are run, the
// others lie between these.
func (r *rehearsal[B]) ratios(phase int, known float64, middle planned, step func(int, []int) (train.TrialCost, error)) (ratios []float64, timed int, err error) {
	n := len(r.phases)
	ratios = make([]float64, n)
	for i := range r.phases {
		ratios[i] = 1
		if r.phases[i] == phase || known == 0 || n > 3 && i != 0 && i != n/2 && i != n-1 {
			continue
		}
		c, err := step(r.phases[i], r.trial.Examples(middle.step))
		if err != nil {
			return nil, timed, err
		}
		ratios[i] = min(c.Compute.Seconds()/known, 2)
		timed++
	}
	for i := range r.phases {
		lo, hi := 0, n/2
		if i > hi {
			lo, hi = n/2, n-1
		}
		if n > 3 && i != lo && i != hi {
			ratios[i] = ratios[lo] + (ratios[hi]-ratios[lo])*float64(i-lo)/float64(hi-lo)
		}
	}
	return ratios, timed, nil
}
