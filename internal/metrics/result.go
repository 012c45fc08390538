package metrics

import "slices"

// Result is an evaluation. In JSON, undefined metrics are absent.
type Result struct {
	Examples         int          `json:"examples"`
	Accuracy         float64      `json:"accuracy"`
	BalancedAccuracy float64      `json:"balanced_accuracy"` // mean recall of the classes present
	Macro            PRF          `json:"macro"`
	Weighted         PRF          `json:"weighted"`
	LogLoss          float64      `json:"log_loss"`          // mean, natural logarithm
	Brier            float64      `json:"brier"`             // in [0,1] for two classes, else in [0,2]
	ROCAUC           *float64     `json:"roc_auc,omitempty"` // two classes: of the second; else mean of one against rest
	PRAUC            *float64     `json:"pr_auc,omitempty"`  // average precision, likewise
	Calibration      Calibration  `json:"calibration"`
	Temperature      *Temperature `json:"temperature,omitempty"`
	Intervals        *Intervals   `json:"intervals,omitempty"`
	Classes          []Class      `json:"classes"`
	Confusion        Confusion    `json:"confusion"` // [true][predicted]
	TopLosses        []Loss       `json:"top_losses,omitempty"`

	// Scored is how many examples ROCAUC, PRAUC, Temperature and the log
	// loss's interval rest on: all, or a uniform sample where memory was bounded.
	Scored int `json:"scored"`
}

// Class is a class's part of a Result.
type Class struct {
	Name      string `json:"name"`
	Support   int    `json:"support"`   // examples of the class
	Predicted int    `json:"predicted"` // examples predicted to be
	PRF
	ROCAUC *float64 `json:"roc_auc,omitempty"` // against the rest
	PRAUC  *float64 `json:"pr_auc,omitempty"`
}

// Result returns the evaluation of what was added so far; if that is nothing,
// the zero Result, whose Examples is 0. It takes O(C·n log n) time for C classes and n kept examples, and
// 32 bytes for each of these while it runs. More may be added after it.
func (e *Evaluator) Result() Result {
	n := e.confusion.Examples()
	if n == 0 {
		return Result{}
	}
	r := Result{
		Examples:         n,
		Accuracy:         e.confusion.Accuracy(),
		BalancedAccuracy: e.confusion.BalancedAccuracy(),
		Macro:            e.confusion.Macro(),
		Weighted:         e.confusion.Weighted(),
		LogLoss:          e.logLoss.value() / float64(n),
		Brier:            e.brier.value() / float64(n),
		Calibration:      e.bins.result(),
		Temperature:      e.scores.temperature(),
		Intervals:        e.intervals(),
		Confusion:        NewConfusion(len(e.confusion)),
		TopLosses:        e.top.result(e.classes),
		Scored:           e.scores.kept(),
	}
	for i, row := range e.confusion {
		copy(r.Confusion[i], row)
	}
	ranker := newRanker(e.scores)
	for k, s := range e.confusion.scores() {
		c := Class{Name: e.classes[k], Support: s.support, Predicted: s.predicted, PRF: s.PRF}
		if auc, ap, ok := ranker.areas(k); ok {
			c.ROCAUC, c.PRAUC = &auc, &ap
		}
		r.Classes = append(r.Classes, c)
	}
	r.ROCAUC, r.PRAUC = overall(r.Classes)
	return r
}

// overall returns the second class's areas for two classes, else the means, or
// nil where a class has none: a mean over fewer classes would not compare.
func overall(classes []Class) (auc, ap *float64) {
	if slices.ContainsFunc(classes, func(c Class) bool { return c.ROCAUC == nil }) {
		return nil, nil
	}
	if len(classes) == 2 {
		return classes[1].ROCAUC, classes[1].PRAUC
	}
	auc, ap = new(float64), new(float64)
	for _, c := range classes {
		*auc += *c.ROCAUC / float64(len(classes))
		*ap += *c.PRAUC / float64(len(classes))
	}
	return auc, ap
}
