package metrics

import "math"

// softmax writes the probabilities of logits, multiplied by beta, to probs and
// returns the log loss of label. It works on differences to the highest logit,
// so that no exponential overflows and a loss of 1000 is 1000.
func softmax(probs []float64, logits []float32, beta float64, label int) float64 {
	top := float64(logits[argmax(logits)])
	var total float64
	for k, z := range logits {
		probs[k] = math.Exp(beta * (float64(z) - top))
		total += probs[k]
	}
	for k := range probs {
		probs[k] /= total
	}
	return math.Log(total) - beta*(float64(logits[label])-top)
}

// argmax returns the index of the highest logit, the first of equals.
func argmax(logits []float32) int {
	best := 0
	for k, z := range logits {
		if z > logits[best] {
			best = k
		}
	}
	return best
}

// partition is what the probabilities of a row of logits have in common: the
// highest logit and the sum of exponentials relative to it.
type partition struct{ top, total float64 }

func newPartition(logits []float32) partition {
	p := partition{top: float64(logits[argmax(logits)])}
	for _, z := range logits {
		p.total += math.Exp(float64(z) - p.top)
	}
	return p
}

// logOdds returns the logarithm of p/(1-p) for class k: it ranks examples as
// the probability does, also where that is 1 to the last bit.
func (p partition) logOdds(logits []float32, k int) float64 {
	z := float64(logits[k])
	own := math.Exp(z - p.top)
	if own <= p.total/2 {
		return z - p.top - math.Log(p.total-own)
	}
	// The difference would cancel. Only one class of a row comes here.
	top, total := math.Inf(-1), 0.0
	for j, o := range logits {
		if j != k {
			top = max(top, float64(o))
		}
	}
	for j, o := range logits {
		if j != k {
			total += math.Exp(float64(o) - top)
		}
	}
	return z - top - math.Log(total)
}

// sum adds many numbers of one sign or both without losing the small ones
// (Neumaier 1974).
type sum struct{ hi, lo float64 }

func (s *sum) add(x float64) {
	t := s.hi + x
	if math.Abs(s.hi) >= math.Abs(x) {
		s.lo += s.hi - t + x
	} else {
		s.lo += x - t + s.hi
	}
	s.hi = t
}

func (s *sum) value() float64 { return s.hi + s.lo }
