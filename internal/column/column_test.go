package column

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestIntsAreWhatWasAppended(t *testing.T) {
	near := rapid.IntRange(0, 300)
	all := rapid.OneOf(rapid.Int(), rapid.SampledFrom([]int{math.MinInt, -1, 0, math.MaxInt}))
	rapid.Check(t, func(t *rapid.T) {
		var want []int
		for range rapid.IntRange(0, 5).Draw(t, "runs") { // each of one kind, so that blocks have several widths
			g := rapid.SampledFrom([]*rapid.Generator[int]{near, all, rapid.Just(7)}).Draw(t, "kind")
			want = append(want, rapid.SliceOfN(g, 0, 200).Draw(t, "values")...)
		}
		c := Collect(slices.Values(want))
		if c.Len() != len(want) {
			t.Fatalf("%d values, want %d", c.Len(), len(want))
		}
		for i, v := range want {
			if c.At(i) != v {
				t.Fatalf("value %d is %d, want %d", i, c.At(i), v)
			}
		}
		if got := slices.Collect(c.Values()); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestStringsAreWhatWasAppended(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "train/", "train/ants/", "train/ants/1.jpg", "ü", "\xFF", string(make([]byte, 300))})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return word.Draw(t, "a") + word.Draw(t, "b") }), 0, 60).Draw(t, "strings")
		var c Strings
		for _, s := range want {
			c.Append(s)
		}
		if c.Len() != len(want) {
			t.Fatalf("%d strings, want %d", c.Len(), len(want))
		}
		for i, s := range want {
			if c.At(i) != s {
				t.Fatalf("string %d is %q, want %q", i, c.At(i), s)
			}
		}
		n := 0
		for i, s := range c.All() {
			if i != n || s != want[i] {
				t.Fatalf("string %d is %q, want %q as the %d-th", i, s, want[n], n)
			}
			n++
		}
		if n != len(want) {
			t.Fatalf("All yields %d of %d", n, len(want))
		}
	})
}

// The bytes a row that ARCHITECTURE.md and bench/SCALE.md speak of.
func TestColumnsAreSmall(t *testing.T) {
	bytes := func(c *Ints) (n int) {
		for _, b := range c.blocks {
			n += len(b.data)
		}
		return n
	}
	const n = 100 * blockLen
	var lines, offsets, same Ints
	for i := range n {
		lines.Append(i + 2)
		offsets.Append(1<<40 + 300*i)
		same.Append(1)
	}
	for _, c := range []struct {
		name  string
		c     *Ints
		bytes int
	}{{"lines", &lines, n}, {"offsets", &offsets, 2 * n}, {"one class", &same, 0}} {
		if got := bytes(c.c); got != c.bytes {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.bytes)
		}
	}
}
