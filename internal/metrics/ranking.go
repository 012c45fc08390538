package metrics

import (
	"cmp"
	"slices"
)

// ranked is an example's score for a class and whether it is of that class.
type ranked struct {
	score float64
	yes   bool
}

// ranker ranks the kept examples by one class after the other.
type ranker struct {
	r          *reservoir
	partitions []partition // of each example
	examples   []ranked    // scratch
}

func newRanker(r *reservoir) *ranker {
	k := &ranker{r: r, partitions: make([]partition, 0, r.kept()), examples: make([]ranked, r.kept())}
	for _, logits := range r.rows() {
		k.partitions = append(k.partitions, newPartition(logits))
	}
	return k
}

// areas returns ROC AUC and average precision of class k against the rest;
// ok is false where they are undefined: no example is, or all are, of class k.
func (k *ranker) areas(class int) (auc, ap float64, ok bool) {
	i := 0
	for label, logits := range k.r.rows() {
		k.examples[i] = ranked{k.partitions[i].logOdds(logits, class), label == class}
		i++
	}
	slices.SortFunc(k.examples, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	return areas(k.examples)
}

// areas returns the areas under the ROC curve (trapezoids) and under the
// precision-recall curve (steps: average precision) of examples in descending
// order of their scores. Examples of equal score enter together.
func areas(sorted []ranked) (auc, ap float64, ok bool) {
	pos := 0
	for _, s := range sorted {
		if s.yes {
			pos++
		}
	}
	neg := len(sorted) - pos
	if pos == 0 || neg == 0 {
		return 0, 0, false
	}
	tp, fp := 0, 0
	for i := 0; i < len(sorted); {
		tp0, fp0, score := tp, fp, sorted[i].score
		for ; i < len(sorted) && sorted[i].score == score; i++ {
			if sorted[i].yes {
				tp++
			} else {
				fp++
			}
		}
		auc += float64(fp-fp0) * float64(tp+tp0) / 2
		ap += float64(tp-tp0) * float64(tp) / float64(tp+fp)
	}
	return auc / float64(pos) / float64(neg), ap / float64(pos), true
}
