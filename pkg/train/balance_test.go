package train_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotune/gotune/pkg/train"
)

// Whatever the classes' sizes: an epoch has as many examples as before, its
// classes differ by one at most, and no example comes twice before all of its
// class have come.
func TestBalancedOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOfN(rapid.IntRange(-1, 4), 1, 60).Draw(t, "labels")
		if !slices.ContainsFunc(labels, func(y int) bool { return y >= 0 }) {
			labels[0] = 0
		}
		seed := rapid.Uint64().Draw(t, "seed")
		order := train.BalancedOrder(labels, seed)
		drawn := make(map[int]int) // times that each example has come
		for epoch := range 4 {
			got := order(epoch)
			if d := cmp.Diff(train.BalancedOrder(labels, seed)(epoch), got); d != "" {
				t.Fatalf("epoch %d is another the second time:\n%s", epoch, d)
			}
			if len(got) != len(labels) {
				t.Fatalf("%d examples, want %d", len(got), len(labels))
			}
			of := make(map[int]int)
			for _, i := range got {
				of[labels[i]]++
				drawn[i]++
			}
			if of[-1] > 0 {
				t.Fatal("an example without a label was drawn")
			}
			least, most := len(labels), 0
			for y := range 5 {
				if slices.Contains(labels, y) {
					least, most = min(least, of[y]), max(most, of[y])
				}
			}
			if most-least > 1 {
				t.Fatalf("epoch %d: classes come %v times", epoch, of)
			}
			for i, y := range labels {
				for j, z := range labels {
					if y == z && y >= 0 && drawn[i] > drawn[j]+1 {
						t.Fatalf("epoch %d: example %d came %d times, %d of the same class %d times", epoch, i, drawn[i], j, drawn[j])
					}
				}
			}
		}
	})
}
