package train

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/gotune/gotune/internal/metrics"
	"github.com/gotune/gotune/pkg/torch"
)

// EvalOptions are those of Eval and Predictions. The zero value is batches of
// 32, built on the calling goroutine.
type EvalOptions struct {
	Batch   int // 0: 32
	Workers int
	// Order lists the examples to walk through; nil: all, in their order. Texts
	// of like length side by side need less padding.
	Order   []int
	Observe func(Event)
}

// Prediction is the model's answer on one example.
type Prediction struct {
	Index  int // in the data set
	Name   string
	Label  int       // -1: unknown
	Logits []float32 // [C]
}

// Probabilities returns softmax(logits), computed in float64.
func (p Prediction) Probabilities() []float64 {
	top := math.Inf(-1)
	for _, z := range p.Logits {
		top = math.Max(top, float64(z))
	}
	out := make([]float64, len(p.Logits))
	sum := 0.0
	for i, z := range p.Logits {
		out[i] = math.Exp(float64(z) - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Class returns the index of the largest logit, the first of equals.
func (p Prediction) Class() int {
	best := 0
	for i, z := range p.Logits {
		if z > p.Logits[best] {
			best = i
		}
	}
	return best
}

// Loss returns -log softmax(logits)[label].
func (p Prediction) Loss() float64 {
	top, sum := float64(p.Logits[p.Class()]), 0.0
	for _, z := range p.Logits {
		sum += math.Exp(float64(z) - top)
	}
	return math.Log(sum) + top - float64(p.Logits[p.Label])
}

// Predictions runs m over data without gradients or dropout and yields an
// answer per example, in the order walked. A scope lives for one batch, so
// memory stays flat whatever the size. A logit that is not finite is an error
// that names the example.
func Predictions[B Batch](ctx context.Context, rt *torch.Runtime, m Model[B], data Data[B], o EvalOptions) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		C := len(m.Classes())
		for r, err := range Rows(ctx, rt, m.Forward, data, o) {
			if err == nil && len(r.Values) != C {
				err = fmt.Errorf("the model gave %d scores for %d classes", len(r.Values), C)
			}
			if err != nil {
				yield(Prediction{}, err)
				return
			}
			if !yield(Prediction{Index: r.Index, Name: r.Name, Label: r.Label, Logits: r.Values}, nil) {
				return
			}
		}
	}
}

// errNotFinite is of a model that answers NaN or infinity.
var errNotFinite = errors.New("is not finite")

func notFinite(xs []float32) bool {
	for _, x := range xs {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return true
		}
	}
	return false
}

// Score is an evaluation's loss, accuracy and F1.
type Score struct {
	Examples int     `json:"examples"`
	Loss     float64 `json:"loss"` // mean cross-entropy
	Accuracy float64 `json:"accuracy"`
	F1       float64 `json:"f1"` // mean over the classes that occur
}

// Eval measures m on data. An example without a label is an error.
func Eval[B Batch](ctx context.Context, rt *torch.Runtime, m Model[B], data Data[B], o EvalOptions) (Score, error) {
	var s Score
	counts := metrics.NewConfusion(len(m.Classes()))
	for p, err := range Predictions(ctx, rt, m, data, o) {
		if err != nil {
			return Score{}, err
		}
		switch {
		case p.Label < 0:
			return Score{}, fmt.Errorf("%s: no label to compare with", p.Name)
		case p.Label >= len(p.Logits):
			return Score{}, fmt.Errorf("%s: label %d of %d classes", p.Name, p.Label, len(p.Logits))
		}
		s.Examples++
		s.Loss += p.Loss()
		if o.Observe != nil {
			o.Observe(PredictionEvent{p})
		}
		counts.Add(p.Label, p.Class())
	}
	if s.Examples > 0 {
		s.Loss /= float64(s.Examples)
		s.Accuracy, s.F1 = counts.Accuracy(), counts.Macro().F1
	}
	return s, nil
}
