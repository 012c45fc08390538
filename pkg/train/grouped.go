package train

import (
	"cmp"
	"slices"

	"github.com/gotune/gotune/internal/shuffle"
)

// GroupedOrder returns, for FitOptions.Order, an order of each epoch in which the
// examples of a batch are of like length, so that little is padded; lengths are
// the examples' ([N], in tokens). It is order's, or where that is nil the seeded
// shuffle's, reordered: each window of up to 50 batches is sorted by length and
// cut into batches, and the batches of all windows are shuffled. A window is at
// most a quarter of the epoch, so that batches differ from epoch to epoch.
//
// Each example comes as often as in order, and those that fill no batch at the
// end of order stay there. The first batch of all is the longest of its epoch: a
// machine with too little memory shows it at once. The result is a pure function
// of lengths, batch, seed, order and epoch.
//
// Source: group_by_length of Hugging Face's Trainer.
func GroupedOrder(lengths []int, batch int, seed uint64, order func(epoch int) []int) func(epoch int) []int {
	if order == nil {
		order = func(epoch int) []int { return shuffle.Perm[int](len(lengths), seed, uint64(epoch)) }
	}
	batch = max(batch, 1)
	return func(epoch int) []int {
		all := slices.Clone(order(epoch))
		whole := all[:len(all)-len(all)%batch]
		window := batch * min(max(len(whole)/(4*batch), 1), 50)
		for w := range slices.Chunk(whole, window) {
			slices.SortStableFunc(w, func(a, b int) int { return cmp.Compare(lengths[b], lengths[a]) })
		}
		batches := slices.Collect(slices.Chunk(whole, batch))
		shuffle.Shuffle(batches, seed, groupedStream+uint64(epoch))
		if epoch == 0 && len(batches) > 0 {
			i := longest(batches, lengths)
			batches[0], batches[i] = batches[i], batches[0]
		}
		return append(slices.Concat(batches...), all[len(whole):]...)
	}
}

// groupedStream keeps the shuffles of batches apart from those of examples.
const groupedStream = 1 << 60

// longest returns the batch with the most tokens: padded, and of equals without
// padding. Each is sorted, its longest example first.
func longest(batches [][]int, lengths []int) int {
	best, most, sum := 0, -1, -1
	for i, b := range batches {
		n := 0
		for _, k := range b {
			n += lengths[k]
		}
		if l := lengths[b[0]]; l > most || l == most && n > sum {
			best, most, sum = i, l, n
		}
	}
	return best
}
