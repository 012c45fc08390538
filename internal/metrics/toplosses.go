package metrics

import (
	"cmp"
	"container/heap"
	"slices"
)

// Loss is an example whose label the model held to be least likely; where it took it
// for another class, that is often a wrong label.
type Loss struct {
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	Predicted string    `json:"predicted"`
	Loss      float64   `json:"loss"`
	Scores    []float64 `json:"scores"` // probabilities, in the order of the classes

	Order int `json:"order"` // examples that were added before it
}

// lossAt is a Loss before its classes have names.
type lossAt struct {
	id               string
	label, predicted int
	loss             float64
	probs            []float64
	order            int
}

// topLosses keeps the examples of the highest loss; of equal ones the earlier.
type topLosses struct {
	keep  int
	seen  int
	worst lossHeap
}

func (t *topLosses) add(id string, label, predicted int, loss float64, probs []float64) {
	l := lossAt{id: id, label: label, predicted: predicted, loss: loss, order: t.seen}
	t.seen++
	switch {
	case len(t.worst) < t.keep:
		l.probs = slices.Clone(probs)
		heap.Push(&t.worst, l)
	case t.keep > 0 && compareLosses(l, t.worst[0]) > 0:
		l.probs = append(t.worst[0].probs[:0], probs...)
		t.worst[0] = l
		heap.Fix(&t.worst, 0)
	}
}

// result returns the kept examples, the highest loss first.
func (t *topLosses) result(classes []string) []Loss {
	sorted := slices.Clone(t.worst)
	slices.SortFunc(sorted, func(a, b lossAt) int { return compareLosses(b, a) })
	out := make([]Loss, len(sorted))
	for i, l := range sorted {
		out[i] = Loss{ID: l.id, Label: classes[l.label], Predicted: classes[l.predicted], Loss: l.loss, Scores: slices.Clone(l.probs), Order: l.order}
	}
	return out
}

// compareLosses is positive where a belongs above b.
func compareLosses(a, b lossAt) int {
	return cmp.Or(cmp.Compare(a.loss, b.loss), cmp.Compare(b.order, a.order))
}

// lossHeap has the lowest of the kept losses at its root.
type lossHeap []lossAt

func (h lossHeap) Len() int           { return len(h) }
func (h lossHeap) Less(i, j int) bool { return compareLosses(h[i], h[j]) < 0 }
func (h lossHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lossHeap) Push(x any)        { *h = append(*h, x.(lossAt)) }

func (h *lossHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
