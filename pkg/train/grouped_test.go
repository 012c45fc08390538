package train_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotune/gotune/pkg/train"
)

// An order by length is the epoch's own, reordered: every example as often, those
// that fill no batch at its end; and it is the same whenever it is asked for.
func TestGroupedOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 300).Draw(t, "lengths")
		batch, seed := rapid.IntRange(1, 9).Draw(t, "batch"), rapid.Uint64().Draw(t, "seed")
		labels := make([]int, len(lengths))
		for i := range labels {
			labels[i] = min(i%5, 1)
		}
		var base func(int) []int
		if rapid.Bool().Draw(t, "balanced") {
			base = train.BalancedOrder(labels, seed)
		}
		order := train.GroupedOrder(lengths, batch, seed, base)
		for epoch := range 3 {
			got := order(epoch)
			if d := cmp.Diff(train.GroupedOrder(slices.Clone(lengths), batch, seed, base)(epoch), got); d != "" {
				t.Fatalf("epoch %d is another the second time:\n%s", epoch, d)
			}
			want := train.GroupedOrder(make([]int, len(lengths)), len(lengths)+1, seed, base)(epoch) // no batch is full: as it was
			rest := len(lengths) % batch
			if d := cmp.Diff(want[len(want)-rest:], got[len(got)-rest:]); d != "" {
				t.Fatalf("the ragged batch is another:\n%s", d)
			}
			if epoch == 0 && len(lengths) >= batch {
				longest := func(b []int) int {
					return lengths[slices.MaxFunc(b, func(i, j int) int { return lengths[i] - lengths[j] })]
				}
				for b := range slices.Chunk(got[:len(got)-rest], batch) {
					if longest(b) > longest(got[:batch]) {
						t.Fatalf("the first batch's longest has %d tokens, another's %d", longest(got[:batch]), longest(b))
					}
				}
			}
			slices.Sort(want)
			if d := cmp.Diff(want, slices.Sorted(slices.Values(got))); d != "" {
				t.Fatalf("epoch %d has other examples:\n%s", epoch, d)
			}
		}
	})
}

// The order that runs on disk were trained in. It may never change. Worked out
// apart by hack/goldens/shuffle/grouped.py.
func TestGroupedOrderIsFixed(t *testing.T) {
	lengths := []int{5, 9, 2, 7, 7, 1, 8, 3, 6, 4, 9, 2, 5, 7, 1, 3, 8, 6, 4}
	for epoch, want := range [][]int{
		{10, 0, 6, 8, 18, 15, 16, 9, 13, 17, 7, 14, 2, 5, 4, 3, 1, 12, 11},
		{0, 12, 13, 4, 9, 7, 6, 3, 1, 14, 11, 5, 8, 15, 10, 16, 17, 2, 18},
		{10, 1, 18, 15, 0, 12, 7, 2, 13, 11, 17, 5, 4, 8, 16, 9, 6, 3, 14},
	} {
		if d := cmp.Diff(want, train.GroupedOrder(lengths, 2, 1, nil)(epoch)); d != "" {
			t.Errorf("epoch %d:\n%s", epoch, d)
		}
	}
}

// Texts of 1 to 500 tokens, as they come and by length: how much of what is
// computed would be padding.
func ExampleGroupedOrder() {
	lengths := make([]int, 4000)
	for i := range lengths {
		lengths[i] = 1 + i*i%500
	}
	padding := func(order []int) float64 {
		tokens, padded := 0, 0
		for batch := range slices.Chunk(order, 8) {
			longest := 0
			for _, i := range batch {
				tokens, longest = tokens+lengths[i], max(longest, lengths[i])
			}
			padded += len(batch) * longest
		}
		return 1 - float64(tokens)/float64(padded)
	}
	labels := make([]int, len(lengths)) // of one class: shuffled
	fmt.Printf("shuffled: %.0f %%\n", 100*padding(train.BalancedOrder(labels, 1)(0)))
	fmt.Printf("grouped: %.0f %%\n", 100*padding(train.GroupedOrder(lengths, 8, 1, nil)(0)))
	// Output:
	// shuffled: 47 %
	// grouped: 2 %
}
