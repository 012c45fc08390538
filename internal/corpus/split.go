package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gotune/gotune/internal/column"
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
	p := shuffle.Perm[int32](n, seed, subsampleStream)
	if limit > 0 && limit < n {
		p = p[:limit]
	}
	out := make([]int, len(p))
	for k, i := range p {
		out[k] = int(i)
	}
	return out
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
func Split(labels *column.Ints, fraction float64, seed uint64) (train, val *column.Ints, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("validation fraction %v: want above 0 and below 1", fraction)
	}
	count := map[int]int{}
	for i := range labels.Len() {
		l := labels.At(i)
		if l < 0 {
			return nil, nil, fmt.Errorf("example %d has no label", i)
		}
		count[l]++
	}
	classes := slices.Sorted(maps.Keys(count))
	counts := make([]int, len(classes))
	members := make(map[int][]int32, len(classes))
	for k, l := range classes {
		if counts[k] = count[l]; counts[k] < 2 {
			return nil, nil, &ClassError{Label: l, Count: counts[k]}
		}
		members[l] = make([]int32, 0, counts[k])
	}
	for i := range labels.Len() {
		l := labels.At(i)
		members[l] = append(members[l], int32(i))
	}
	inVal := make([]bool, labels.Len())
	for k, n := range apportion(counts, fraction) {
		m := members[classes[k]]
		shuffle.Shuffle(m, seed, splitStream+uint64(classes[k]))
		for _, i := range m[:n] {
			inVal[i] = true
		}
	}
	train, val = new(column.Ints), new(column.Ints)
	for i, in := range inVal {
		if in {
			val.Append(i)
		} else {
			train.Append(i)
		}
	}
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
