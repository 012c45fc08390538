package loader

import (
	"cmp"
	"slices"
)

// Cut divides a step into micro-batches: positions of its examples, whose lengths
// are sizes. Each has at most so many examples, and at most budget tokens after
// padding, which are its examples times the longest of them; budget 0 is no limit.
//
// Where parts in the step's own order keep within the budget, these are it. Else
// the examples are ordered by length, the longest first, equals in the step's
// order, and each part takes as many of them as it may. So the longest example of
// all is in the first part, and one that is longer than the budget is a part of
// its own.
func Cut(sizes []int, most, budget int) [][]int {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	most = max(most, 1)
	parts := slices.Collect(slices.Chunk(order, most))
	over := func(part []int) bool { return Padded(sizes, part) > budget }
	if budget <= 0 || !slices.ContainsFunc(parts, over) {
		return parts
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	parts = nil
	for len(order) > 0 {
		n := min(most, len(order), max(budget/max(sizes[order[0]], 1), 1))
		parts, order = append(parts, order[:n:n]), order[n:]
	}
	return parts
}

// Padded returns the tokens of a micro-batch when each of its examples is as long
// as the longest.
func Padded(sizes, part []int) int {
	longest := 0
	for _, i := range part {
		longest = max(longest, sizes[i])
	}
	return len(part) * longest
}
