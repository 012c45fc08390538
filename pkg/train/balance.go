package train

import "github.com/gotune/gotune/internal/shuffle"

// BalancedOrder returns, for FitOptions.Order, an order of each epoch in which
// every class comes equally often, whatever its size: an epoch has as many
// examples as there are labels, and goes on in each class where the one before
// ended, so that no example comes again before all of its class have been. It is
// a pure function of labels, seed and epoch.
func BalancedOrder(labels []int, seed uint64) func(epoch int) []int {
	classes := 0
	for _, y := range labels {
		classes = max(classes, y+1)
	}
	byClass := make([][]int, classes)
	for i, y := range labels {
		if y >= 0 {
			byClass[y] = append(byClass[y], i)
		}
	}
	var filled [][]int
	for _, c := range byClass {
		if len(c) > 0 {
			filled = append(filled, c)
		}
	}
	return func(epoch int) []int {
		order := make([]int, 0, len(labels))
		for c, members := range filled {
			// The c-th of C classes has the draws c, c+C, c+2C, … of all epochs.
			first, last := share(epoch*len(labels), c, len(filled)), share((epoch+1)*len(labels), c, len(filled))
			for k := first; k < last; {
				pass := shuffle.Perm[int](len(members), seed, balanceStream+uint64(k/len(members))<<24+uint64(c))
				for at := k % len(members); at < len(members) && k < last; at++ {
					order = append(order, members[pass[at]])
					k++
				}
			}
		}
		shuffle.Shuffle(order, seed, uint64(epoch))
		return order
	}
}

// balanceStream keeps the passes through classes apart from the epochs' shuffles.
const balanceStream = 1 << 61

// share returns how many of the first n draws are class c's of so many.
func share(n, c, classes int) int { return (n + classes - 1 - c) / classes }
