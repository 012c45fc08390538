package metrics

import (
	"math/rand/v2"
	"slices"
)

// Interval is a percentile bootstrap interval: what the metric might have been
// on other examples of the same kind.
// Source: Efron & Tibshirani 1993, chapter 13.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals are the 95 % intervals of a Result.
type Intervals struct {
	Resamples int      `json:"resamples"`
	Seed      uint64   `json:"seed"`
	Accuracy  Interval `json:"accuracy"`
	F1        Interval `json:"f1"` // macro
	LogLoss   Interval `json:"log_loss"`
}

// intervals draws the resamples. To resample n examples is to draw how often
// each kind of them occurs, a multinomial; so the time depends on the cells of
// the confusion matrix, not on n.
func (e *Evaluator) intervals() *Intervals {
	if e.o.Resamples == 0 {
		return nil
	}
	src := rand.NewPCG(e.o.Seed, 0x626f6f7473747261)
	n := e.confusion.Examples()

	var cells []cell
	var counts []float64
	for i, row := range e.confusion {
		for j, c := range row {
			if c > 0 {
				cells = append(cells, cell{i, j})
				counts = append(counts, float64(c))
			}
		}
	}
	accuracy, f1 := make([]float64, e.o.Resamples), make([]float64, e.o.Resamples)
	// A binomial costs as much as fifty single draws.
	var cellOf []int32
	if n < 50*len(cells) {
		for i, c := range counts {
			cellOf = append(cellOf, slices.Repeat([]int32{int32(i)}, int(c))...)
		}
	}
	rng := rand.New(src)
	drawn := make([]int, len(cells))
	right, twice := make([]int, len(e.confusion)), make([]int, len(e.confusion))
	for b := range e.o.Resamples {
		if cellOf != nil {
			clear(drawn)
			for range n {
				drawn[cellOf[rng.IntN(n)]]++
			}
		} else {
			multinomial(drawn, n, counts, src)
		}
		accuracy[b], f1[b] = accuracyAndF1(cells, drawn, right, twice)
	}
	return &Intervals{
		Resamples: e.o.Resamples, Seed: e.o.Seed,
		Accuracy: percentiles(accuracy), F1: percentiles(f1),
		LogLoss: percentiles(resampledMeans(e.scores.losses(), n, e.o.Resamples, src)),
	}
}

// cell is a place of the confusion matrix.
type cell struct{ label, predicted int }

// accuracyAndF1 returns what Confusion.Accuracy and Macro would, from the cells
// that are not empty: with many classes most are. right and twice are scratch.
func accuracyAndF1(cells []cell, drawn, right, twice []int) (accuracy, f1 float64) {
	clear(right)
	clear(twice) // support plus predicted
	n, hits := 0, 0
	for i, c := range cells {
		k := drawn[i]
		n += k
		twice[c.label] += k
		twice[c.predicted] += k
		if c.label == c.predicted {
			right[c.label] = k
			hits += k
		}
	}
	present := 0
	for k, t := range twice {
		if t > 0 {
			f1 += ratio(2*right[k], t)
			present++
		}
	}
	return ratio(hits, n), f1 / float64(present)
}

// percentiles returns the 2.5th and 97.5th percentile, interpolated linearly.
func percentiles(x []float64) Interval {
	slices.Sort(x)
	at := func(q float64) float64 {
		h := q * float64(len(x)-1)
		i := int(h)
		j := min(i+1, len(x)-1)
		return x[i] + (h-float64(i))*(x[j]-x[i])
	}
	return Interval{Low: at(0.025), High: at(0.975)}
}
