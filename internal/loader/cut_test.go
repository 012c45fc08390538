package loader

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name         string
		sizes        []int
		most, budget int
		want         [][]int
	}{
		{"no budget", []int{5, 9, 1, 7}, 3, 0, [][]int{{0, 1, 2}, {3}}},
		{"within the budget", []int{5, 9, 1, 7}, 4, 36, [][]int{{0, 1, 2, 3}}},
		{"each part within the budget", []int{5, 9, 1, 7}, 2, 18, [][]int{{0, 1}, {2, 3}}},
		{"by one over", []int{5, 9, 1, 7}, 4, 35, [][]int{{1, 3, 0}, {2}}},
		{"halves of the longest first", []int{5, 9, 1, 7}, 2, 17, [][]int{{1}, {3, 0}, {2}}},
		{"equals in their order", []int{4, 4, 4, 4}, 4, 8, [][]int{{0, 1}, {2, 3}}},
		{"longer than the budget", []int{3, 100, 3, 50}, 4, 10, [][]int{{1}, {3}, {0, 2}}},
		{"budget of one", []int{2, 1}, 2, 1, [][]int{{0}, {1}}},
		{"nothing", nil, 4, 10, nil},
	} {
		if d := cmp.Diff(c.want, Cut(c.sizes, c.most, c.budget)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// Whatever the lengths: each example comes once, no part is beyond its bounds but
// a single long example, and the same cut comes out again.
func TestCutKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 512), 0, 40).Draw(t, "sizes")
		most, budget := rapid.IntRange(1, 40).Draw(t, "most"), rapid.IntRange(0, 6000).Draw(t, "budget")
		parts := Cut(sizes, most, budget)
		var seen []int
		for _, p := range parts {
			if len(p) == 0 || len(p) > most {
				t.Fatalf("a part of %d examples, at most %d", len(p), most)
			}
			if n := Padded(sizes, p); budget > 0 && n > budget && len(p) > 1 {
				t.Fatalf("part %v has %d tokens, at most %d", p, n, budget)
			}
			seen = append(seen, p...)
		}
		if d := cmp.Diff(parts, Cut(slices.Clone(sizes), most, budget)); d != "" {
			t.Fatalf("the second time:\n%s", d)
		}
		slices.Sort(seen)
		for i, k := range seen {
			if i != k {
				t.Fatalf("examples %v of %d", seen, len(sizes))
			}
		}
		if len(seen) != len(sizes) {
			t.Fatalf("%d of %d examples", len(seen), len(sizes))
		}
	})
}
