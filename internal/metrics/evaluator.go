// Package metrics evaluates a classifier as its outputs stream by.
//
// What a sum can hold is summed: accuracy, precision, recall, F1 and all else
// that the confusion matrix gives, log loss, Brier score and the calibration
// bins take memory for the classes, none for the examples. What needs all
// scores at once (ROC AUC, average precision, temperature scaling, the log
// loss's bootstrap interval) reads logits kept as float32: 4·C+4 bytes an
// example for C classes, 600 KB for 50,000 reviews of two classes. Beyond a
// bound, 256 MiB by default, a uniform random sample is kept instead, so memory
// is constant whatever the size; the Result says of how many examples.
//
// Definitions are scikit-learn's unless said otherwise. Metrics that are
// undefined, such as the AUC of a class without examples, are nil and absent
// from JSON; no result is NaN.
package metrics

import (
	"fmt"
	"math"
	"slices"
)

// Options configure an Evaluator. The zero value is the default.
type Options struct {
	TopLosses  int    // examples of the highest loss to name; 0 means 20, negative means none
	ScoreBytes int    // for kept logits; 0 means 256 MiB
	Resamples  int    // of the bootstrap; 0 means 1000, negative means no intervals
	Seed       uint64 // of the bootstrap and of the sample beyond ScoreBytes
}

// Evaluator takes the outputs for one example at a time. It is not safe for
// concurrent use.
type Evaluator struct {
	classes   []string
	o         Options
	confusion Confusion
	logLoss   sum
	brier     sum
	bins      calibrator
	scores    *reservoir
	top       topLosses
	probs     []float64 // scratch
}

// NewEvaluator returns an Evaluator without examples. classes name the logits
// in their order; there are at least two.
func NewEvaluator(classes []string, o Options) (*Evaluator, error) {
	if len(classes) < 2 {
		return nil, fmt.Errorf("metrics: %d classes, want at least 2", len(classes))
	}
	o.TopLosses = orDefault(o.TopLosses, 20)
	o.ScoreBytes = orDefault(o.ScoreBytes, 256<<20)
	o.Resamples = orDefault(o.Resamples, 1000)
	c := len(classes)
	return &Evaluator{
		classes:   slices.Clone(classes),
		o:         o,
		confusion: NewConfusion(c),
		scores:    newReservoir(c, o.ScoreBytes, o.Seed),
		top:       topLosses{keep: o.TopLosses},
		probs:     make([]float64, c),
	}, nil
}

// orDefault returns v, def where v is 0, and 0 where it is negative.
func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return max(0, v)
}

// Add takes the logits of one example, one per class, its label and the name
// that top losses show it under. On an error, which names the example, nothing
// is counted. logits is not kept.
func (e *Evaluator) Add(logits []float32, label int, id string) error {
	if len(logits) != len(e.classes) {
		return fmt.Errorf("metrics: example %q: %d logits for %d classes", id, len(logits), len(e.classes))
	}
	if label < 0 || label >= len(logits) {
		return fmt.Errorf("metrics: example %q: label %d, want 0 to %d", id, label, len(logits)-1)
	}
	for i, z := range logits {
		if math.IsNaN(float64(z)) || math.IsInf(float64(z), 0) {
			return fmt.Errorf("metrics: example %q: logit of class %q is %v", id, e.classes[i], z)
		}
	}
	loss := softmax(e.probs, logits, 1, label)
	predicted := argmax(logits)

	e.confusion.Add(label, predicted)
	e.logLoss.add(loss)
	e.brier.add(brier(e.probs, label))
	e.bins.add(e.probs[predicted], predicted == label)
	e.scores.add(logits, label)
	e.top.add(id, label, predicted, loss, e.probs)
	return nil
}

// brier returns Σ(p-y)², halved for two classes as in scikit-learn: there it
// is the squared error of the one probability.
func brier(probs []float64, label int) float64 {
	var s float64
	for k, p := range probs {
		if k == label {
			p--
		}
		s += p * p
	}
	if len(probs) == 2 {
		s /= 2
	}
	return s
}
