package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gotune/gotune/internal/shuffle"
)

// Streams of the seed, far from those that count epochs.
const (
	subsampleStream = 1<<63 + iota<<32
	splitStream     // one for each class from here
)

// Subsample returns limit of the indices 0…n-1: the first of a seeded
// permutation, in its order. A limit of 0 or of n and more takes all, shuffled.
func Subsample(n, limit int, seed uint64) []int {
	p := shuffle.Perm(n, seed, subsampleStream)
	if limit > 0 && limit < n {
		p = slices.Clone(p[:limit])
	}
	return p
}

// A ClassError is a class with too few examples for what was asked.
type ClassError struct {
	Label, Count int
	Class        string // its name, where that is known
}

func (e *ClassError) Error() string {
	class := fmt.Sprint(e.Label)
	if e.Class != "" {
		class = fmt.Sprintf("%q", e.Class)
	}
	return fmt.Sprintf("class %s has %d example: a split needs two", class, e.Count)
}

// NameClass puts the class's name into err, if that is a ClassError.
func NameClass(err error, classes []string) error {
	if e, ok := errors.AsType[*ClassError](err); ok && e.Label < len(classes) {
		e.Class = classes[e.Label]
	}
	return err
}

// Split divides the indices of labels into two, stratified: val gets the
// fraction of every class, rounded so that it holds round(fraction·N) of all,
// but at least one of each class, and so does train. Both are in ascending
// order, and a pure function of the arguments.
//
// fraction is above 0 and below 1. A label below 0 is an error; a class of one
// example is a *ClassError.
func Split(labels []int, fraction float64, seed uint64) (train, val []int, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("validation fraction %v: want above 0 and below 1", fraction)
	}
	members := map[int][]int{}
	for i, l := range labels {
		if l < 0 {
			return nil, nil, fmt.Errorf("example %d has no label", i)
		}
		members[l] = append(members[l], i)
	}
	var classes []int
	for l := range members {
		classes = append(classes, l)
	}
	slices.Sort(classes)
	counts := make([]int, len(classes))
	for k, l := range classes {
		if counts[k] = len(members[l]); counts[k] < 2 {
			return nil, nil, &ClassError{Label: l, Count: counts[k]}
		}
	}
	for k, n := range apportion(counts, fraction) {
		m := members[classes[k]]
		shuffle.Shuffle(m, seed, splitStream+uint64(classes[k]))
		val, train = append(val, m[:n]...), append(train, m[n:]...)
	}
	slices.Sort(train)
	slices.Sort(val)
	return train, val, nil
}

// apportion gives each class its share of the validation set by largest
// remainders, at least one and at most all but one.
func apportion(counts []int, fraction float64) []int {
	share, rest, total := make([]int, len(counts)), make([]float64, len(counts)), 0
	for k, n := range counts {
		exact := fraction * float64(n)
		share[k] = max(1, min(n-1, int(exact)))
		rest[k] = exact - float64(share[k])
		total += n
	}
	left := int(math.Round(fraction * float64(total)))
	order := make([]int, len(counts))
	for k := range counts {
		order[k] = k
		left -= share[k]
	}
	// A class whose share was raised to one has a negative remainder, so it comes
	// last; what it took is not taken from others again.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, k := range order {
		if left > 0 && rest[k] > 0 && share[k] < counts[k]-1 {
			share[k]++
			left--
		}
	}
	return share
}

// Split divides the given examples, or all for nil, as the function Split does.
// Its indices are examples of the corpus; its error names the class.
func (c *Corpus) Split(examples []int, fraction float64, seed uint64) (train, val []int, err error) {
	if examples == nil {
		examples = c.Indices("")
	}
	if err := c.CheckTrainable(examples); err != nil {
		return nil, nil, err
	}
	train, val, err = Split(c.Labels(examples), fraction, seed)
	if small, ok := errors.AsType[*ClassError](err); ok {
		return nil, nil, fault(c.path, "class %q has %d example: a split into training and validation needs two of each class", c.classes[small.Label], small.Count)
	}
	for _, half := range [][]int{train, val} {
		for k, i := range half {
			half[k] = examples[i]
		}
	}
	return train, val, err
}
