package metrics

import "math"

// Temperature is the one number that logits are divided by to make their
// confidences honest; it changes no prediction. It was fitted to the examples
// that it is reported on, so the "after" values are a little too good.
// Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.
type Temperature struct {
	T             float64 `json:"t"` // above 1 where the model is too sure
	LogLossBefore float64 `json:"log_loss_before"`
	LogLossAfter  float64 `json:"log_loss_after"`
	ECEBefore     float64 `json:"ece_before"`
	ECEAfter      float64 `json:"ece_after"`
	AtBound       bool    `json:"at_bound,omitempty"` // no finite T is best: all, or chance, is right
}

// Bounds of 1/T. Where every example is right the likelihood grows with 1/T for
// ever; where the logits say nothing it falls down to 0.
const (
	minBeta = 1e-3
	maxBeta = 1e3
)

// temperature fits T to the kept logits. The mean log loss is convex in
// β = 1/T, so its derivative has one sign change: Newton's method, kept within
// the bracket by halving.
func (r *reservoir) temperature() *Temperature {
	t := &Temperature{}
	t.LogLossBefore, t.ECEBefore = r.scaled(1)

	lo, hi, beta := minBeta, maxBeta, 1.0
	switch {
	case first(r.derivatives(lo)) >= 0:
		beta, t.AtBound = lo, true
	case first(r.derivatives(hi)) <= 0:
		beta, t.AtBound = hi, true
	default:
		for range 200 { // halving alone needs 70
			d1, d2 := r.derivatives(beta)
			if d1 > 0 {
				hi = beta
			} else {
				lo = beta
			}
			next := beta - d1/d2
			if !(next > lo && next < hi) { // also where d2 is 0
				next = (lo + hi) / 2
			}
			done := math.Abs(next-beta) <= 1e-12*beta
			beta = next
			if done {
				break
			}
		}
	}
	t.T = 1 / beta
	t.LogLossAfter, t.ECEAfter = r.scaled(beta)
	return t
}

func first(d1, _ float64) float64 { return d1 }

// derivatives returns the first and second derivative of the mean log loss by
// beta: the mean of E[z]-z_label and of Var[z] under the scaled softmax.
func (r *reservoir) derivatives(beta float64) (d1, d2 float64) {
	probs := make([]float64, r.classes)
	var s1, s2 sum
	for label, logits := range r.rows() {
		softmax(probs, logits, beta, label)
		y := float64(logits[label])
		var m1, m2 float64 // moments of z - z_label
		for k, p := range probs {
			d := float64(logits[k]) - y
			m1 += p * d
			m2 += p * d * d
		}
		s1.add(m1)
		s2.add(m2 - m1*m1)
	}
	n := float64(r.kept())
	return s1.value() / n, s2.value() / n
}

// scaled returns the mean log loss and the expected calibration error of the
// kept logits multiplied by beta.
func (r *reservoir) scaled(beta float64) (logLoss, ece float64) {
	probs := make([]float64, r.classes)
	var losses sum
	var bins calibrator
	for label, logits := range r.rows() {
		losses.add(softmax(probs, logits, beta, label))
		predicted := argmax(logits)
		bins.add(probs[predicted], predicted == label)
	}
	return losses.value() / float64(r.kept()), bins.result().ECE
}
