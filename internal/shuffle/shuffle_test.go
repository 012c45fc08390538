package shuffle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The orders that runs on disk were trained in. They may never change. Worked
// out apart by hack/goldens/shuffle/perm.py.
func TestPermIsFixed(t *testing.T) {
	for _, c := range []struct {
		n            int
		seed, stream uint64
		want         []int
	}{
		{0, 1, 0, []int{}},
		{-3, 1, 0, []int{}},
		{1, 1, 0, []int{0}},
		{10, 0, 0, []int{4, 8, 1, 5, 0, 7, 3, 9, 6, 2}},
		{10, 1, 0, []int{7, 6, 1, 3, 2, 4, 8, 9, 0, 5}},
		{10, 1, 1, []int{2, 5, 8, 3, 4, 1, 7, 6, 0, 9}},
		{10, math.MaxUint64, math.MaxUint64, []int{0, 3, 5, 9, 2, 4, 7, 1, 8, 6}},
	} {
		got := Perm[int](c.n, c.seed, c.stream)
		for i, v := range Perm[int32](c.n, c.seed, c.stream) {
			if int(v) != c.want[i] {
				t.Errorf("Perm[int32](%d, %d, %d)[%d] is %d, want %d", c.n, c.seed, c.stream, i, v, c.want[i])
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Perm(%d, %d, %d) (-want +got):\n%s", c.n, c.seed, c.stream, diff)
		}
	}
}

// The generator's own words, from the published PCG-DXSM: were they to change,
// the test above would not say why.
func TestGeneratorIsFixed(t *testing.T) {
	pcg := rand.NewPCG(1, 2)
	want := []uint64{0xc4f5a58656eef510, 0x9dcec3ad077dec6c}
	for i, w := range want {
		if got := pcg.Uint64(); got != w {
			t.Errorf("word %d is %#x, want %#x", i, got, w)
		}
	}
}

func TestPermHoldsEachIndexOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		p := Perm[int](n, rapid.Uint64().Draw(t, "seed"), rapid.Uint64().Draw(t, "stream"))
		slices.Sort(p)
		for i, v := range p {
			if v != i {
				t.Fatalf("sorted permutation holds %d at %d", v, i)
			}
		}
		if len(p) != n {
			t.Fatalf("length %d, want %d", len(p), n)
		}
	})
}

// Neighbouring seeds and streams (epochs) must not give related orders: Pearson
// correlation of 1/sqrt(n) is one standard deviation of independent ones.
func TestNeighbouringStreamsAreUncorrelated(t *testing.T) {
	const n = 10_000
	corr := func(a, b []int) float64 {
		mean, sum, square := float64(n-1)/2, 0.0, 0.0
		for i := range a {
			sum += (float64(a[i]) - mean) * (float64(b[i]) - mean)
			square += (float64(a[i]) - mean) * (float64(a[i]) - mean)
		}
		return sum / square
	}
	for k := range uint64(20) {
		base := Perm[int](n, 42, k)
		for name, other := range map[string][]int{
			"next stream": Perm[int](n, 42, k+1), "next seed": Perm[int](n, 43, k), "identity": Perm[int](n, 7, k),
		} {
			if c := corr(base, other); math.Abs(c) > 5/math.Sqrt(n) {
				t.Errorf("stream %d against %s: correlation %.3f", k, name, c)
			}
		}
	}
}

// Each of the 24 orders of four appears as often as the others: chi-squared
// with 23 degrees of freedom stays under 50 in 99.9 % of draws.
func TestPermIsUniform(t *testing.T) {
	const draws = 24_000
	counts := map[string]int{}
	for s := range uint64(draws) {
		counts[fmt.Sprint(Perm[int](4, 9, s))]++
	}
	chi := 0.0
	for _, c := range counts {
		d := float64(c) - draws/24
		chi += d * d / (draws / 24)
	}
	if len(counts) != 24 || chi > 50 {
		t.Errorf("%d orders, chi-squared %.1f", len(counts), chi)
	}
}

func ExamplePerm() {
	fmt.Println(Perm[int](5, 1, 0), Perm[int](5, 1, 1))
	// Output: [1 3 4 0 2] [3 1 2 0 4]
}

func BenchmarkPerm(b *testing.B) {
	for b.Loop() {
		Perm[int](1_000_000, 1, 0)
	}
}
