package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is what a metric might have been on other examples of the same kind.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals are the 95 % intervals of a Result: Wilson's of the accuracy, which also
// has a width where all examples are right, and percentiles of a bootstrap of F1 and
// loss.
// Source: Efron & Tibshirani 1993, chapter 13.
type Intervals struct {
	Resamples int      `json:"resamples"` // of the bootstrap
	Seed      uint64   `json:"seed"`      // likewise
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
	f1 := make([]float64, e.o.Resamples)
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
		f1[b] = macroF1(cells, drawn, right, twice)
	}
	return &Intervals{
		Resamples: e.o.Resamples, Seed: e.o.Seed,
		Accuracy: wilson(e.confusion.right(), n), F1: percentiles(f1),
		LogLoss: percentiles(resampledMeans(e.scores.losses(), n, e.o.Resamples, src)),
	}
}

// cell is a place of the confusion matrix.
type cell struct{ label, predicted int }

// macroF1 returns what Confusion.Macro would, from the cells that are not empty: with
// many classes most are. right and twice are scratch.
func macroF1(cells []cell, drawn, right, twice []int) (f1 float64) {
	clear(right)
	clear(twice) // support plus predicted
	for i, c := range cells {
		k := drawn[i]
		twice[c.label] += k
		twice[c.predicted] += k
		if c.label == c.predicted {
			right[c.label] = k
		}
	}
	present := 0
	for k, t := range twice {
		if t > 0 {
			f1 += ratio(2*right[k], t)
			present++
		}
	}
	return f1 / float64(present)
}

// wilson returns the 95 % score interval of a share of k in n.
// Source: Wilson 1927; statsmodels' proportion_confint(method="wilson").
func wilson(k, n int) Interval {
	const z = 1.959963984540054 // the normal distribution's 97.5th percentile
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m)) / (1 + z*z/m)
	in := Interval{Low: middle - half, High: middle + half}
	if k == 0 {
		in.Low = 0 // and not what rounding leaves
	}
	if k == n {
		in.High = 1
	}
	return in
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
