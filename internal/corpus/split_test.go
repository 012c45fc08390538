package corpus

import (
	"io"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotune/gotune/internal/column"
)

// split is Split with slices.
func split(labels []int, fraction float64, seed uint64) (train, val []int, err error) {
	a, b, err := Split(column.Collect(slices.Values(labels)), fraction, seed)
	if err != nil {
		return nil, nil, err
	}
	return slices.Collect(a.Values()), slices.Collect(b.Values()), nil
}

// The division that runs on disk were trained with may never change.
func TestSplitIsFixed(t *testing.T) {
	labels := []int{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 0, 0}
	train, val, err := split(labels, 0.2, 42)
	check(t, err)
	if diff := cmp.Diff([]int{2, 7, 11}, val); diff != "" {
		t.Errorf("val (-want +got):\n%s", diff)
	}
	if len(train)+len(val) != len(labels) {
		t.Errorf("train %v", train)
	}
	if diff := cmp.Diff([]int{3, 9, 2, 6}, Subsample(10, 4, 42)); diff != "" {
		t.Errorf("subsample (-want +got):\n%s", diff)
	}
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(2, 40), 1, 8).Draw(t, "counts")
		fraction := rapid.Float64Range(0.001, 0.999).Draw(t, "fraction")
		seed := rapid.Uint64().Draw(t, "seed")
		var labels []int
		for l, n := range counts {
			labels = append(labels, slices.Repeat([]int{3 * l}, n)...)
		}
		labels = rapid.Permutation(labels).Draw(t, "labels")

		train, val, err := split(labels, fraction, seed)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(train, val)
		slices.Sort(all)
		for i, v := range all {
			if i != v {
				t.Fatalf("train and val together are no 0…n-1: %v", all)
			}
		}
		if len(all) != len(labels) || !slices.IsSorted(train) || !slices.IsSorted(val) {
			t.Fatalf("%d of %d indices; train %v, val %v", len(all), len(labels), train, val)
		}
		inVal, exact := 0, true
		for l, n := range counts {
			got := 0
			for _, i := range val {
				if labels[i] == 3*l {
					got++
				}
			}
			if got < 1 || got > n-1 {
				t.Fatalf("class %d of %d examples has %d in val", l, n, got)
			}
			share := fraction * float64(n)
			if clamped := share < 1 || share > float64(n-1); clamped {
				exact = false
			} else if math.Abs(float64(got)-share) >= 1 {
				t.Fatalf("class %d of %d examples has %d in val, share %.2f", l, n, got, share)
			}
			inVal += got
		}
		if want := int(math.Round(fraction * float64(len(labels)))); exact && inVal != want {
			t.Fatalf("%d in val, want %d", inVal, want)
		}
		again, _, err := split(labels, fraction, seed)
		if err != nil || !slices.Equal(again, train) {
			t.Fatalf("a second call differs")
		}
	})
}

func TestSplitDependsOnTheSeed(t *testing.T) {
	labels := make([]int, 200)
	for i := range labels {
		labels[i] = i % 2
	}
	_, a, err := split(labels, 0.2, 1)
	check(t, err)
	_, b, err := split(labels, 0.2, 2)
	check(t, err)
	if slices.Equal(a, b) {
		t.Error("seeds 1 and 2 divide alike")
	}
	// The two classes are not drawn alike either.
	var even, odd []int
	for _, i := range a {
		if i%2 == 0 {
			even = append(even, i/2)
		} else {
			odd = append(odd, i/2)
		}
	}
	if slices.Equal(even, odd) {
		t.Error("both classes give the same positions")
	}
}

func TestNameClass(t *testing.T) {
	_, _, err := split([]int{0, 0, 1}, 0.5, 1)
	if got := NameClass(err, []string{"ants", "bees"}).Error(); got != `class "bees" has 1 example: a split needs two` {
		t.Error(got)
	}
	if got := NameClass(io.EOF, nil); got != io.EOF {
		t.Errorf("%v, want EOF as it was", got)
	}
}

func TestSplitFaults(t *testing.T) {
	for _, c := range []struct {
		labels   []int
		fraction float64
		want     string
	}{
		{[]int{0, 0, 1}, 0.5, "class 1 has 1 example: a split needs two"},
		{[]int{0, -1, 1}, 0.5, "example 1 has no label"},
		{[]int{0, 0}, 0, "validation fraction 0: want above 0 and below 1"},
		{[]int{0, 0}, 1, "validation fraction 1: want above 0 and below 1"},
		{[]int{0, 0}, math.NaN(), "validation fraction NaN: want above 0 and below 1"},
	} {
		if _, _, err := split(c.labels, c.fraction, 1); err == nil || err.Error() != c.want {
			t.Errorf("Split(%v, %v): error %v, want %s", c.labels, c.fraction, err, c.want)
		}
	}
}

func TestSubsample(t *testing.T) {
	all := Subsample(100, 0, 5)
	for _, limit := range []int{100, 1000} {
		if !slices.Equal(Subsample(100, limit, 5), all) {
			t.Errorf("limit %d: not all", limit)
		}
	}
	if !slices.Equal(Subsample(100, 10, 5), all[:10]) {
		t.Error("a limit of 10 is not the beginning of all")
	}
	slices.Sort(all)
	if all[0] != 0 || all[99] != 99 || len(slices.Compact(all)) != 100 {
		t.Error("not every index once")
	}
}
