package metrics

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// drawnSingly is the number of examples up to which each is drawn: 16 million
// draws in a thousand resamples, a tenth of a second.
const drawnSingly = 16384

// resampledMeans returns the means of resamples of n examples each, drawn from
// those with the given losses.
func resampledMeans(losses []float64, n, resamples int, src rand.Source) []float64 {
	rng := rand.New(src)
	means := make([]float64, resamples)
	if n <= drawnSingly {
		for b := range means {
			var total float64
			for range n {
				total += losses[rng.IntN(len(losses))]
			}
			means[b] = total / float64(n)
		}
		return means
	}
	groups := groupLosses(losses)
	weights := make([]float64, len(groups))
	for i, g := range groups {
		weights[i] = float64(g.n)
	}
	drawn := make([]int, len(groups))
	for b := range means {
		multinomial(drawn, n, weights, src)
		var total float64
		for i, g := range groups {
			k := float64(drawn[i])
			total += k*g.mean + math.Sqrt(k*g.variance)*rng.NormFloat64()
		}
		means[b] = max(0, total/float64(n))
	}
	return means
}

// lossGroup stands for examples of about the same loss.
type lossGroup struct {
	n              int
	mean, variance float64
}

// lossGroups is how many groups stand for many examples. k draws from one have
// the sum k·mean and a variance of k·variance; it is drawn as normal, which
// makes no difference to the sum over all groups.
const lossGroups = 512

// groupLosses sorts losses and cuts them into groups of equal size.
func groupLosses(losses []float64) []lossGroup {
	slices.Sort(losses)
	n := len(losses)
	groups := make([]lossGroup, min(n, lossGroups))
	for i := range groups {
		part := losses[i*n/len(groups) : (i+1)*n/len(groups)]
		g := lossGroup{n: len(part)}
		for _, l := range part {
			g.mean += l / float64(g.n)
		}
		for _, l := range part {
			g.variance += (l - g.mean) * (l - g.mean) / float64(g.n)
		}
		groups[i] = g
	}
	return groups
}

// multinomial draws how n independent examples fall on kinds of the given
// weights: one binomial after the other, each of what is left.
func multinomial(into []int, n int, weights []float64, src rand.Source) {
	var rest float64
	for _, w := range weights {
		rest += w
	}
	for i, w := range weights {
		k := n
		if i < len(weights)-1 && n > 0 {
			k = int(distuv.Binomial{N: float64(n), P: min(1, w/rest), Src: src}.Rand())
		}
		into[i] = k
		n -= k
		rest -= w
	}
}
