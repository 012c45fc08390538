package text_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/pkg/text"
)

// openPairs are five rows of two texts, of unequal lengths, the longest truncated.
func openPairs(t *testing.T, o text.DataOptions) *text.Dataset {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pairs.csv")
	const rows = "text,pair,label\n" +
		"the film,was good,a\ngood,bad,b\nthe film was bad the film was bad,good,a\nbad,,b\nthe film was good,the film was bad,a\n"
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	o.PairColumn, o.MaxLength = "pair", 10
	d, err := text.OpenDataset(path, openTok(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// A part of a batch is the batch of these examples, tokens, types and all, and
// can be changed without the whole.
func TestPartIsTheBatchOfItsExamples(t *testing.T) {
	for _, o := range []text.DataOptions{{}, {PadToMax: true}} {
		d := openPairs(t, o)
		whole, err := d.Batch(context.Background(), 3, []int{0, 1, 2, 3, 4})
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(whole.IDs)
		for _, idx := range [][]int{{0, 1, 2, 3, 4}, {1}, {4, 2}, {3, 1, 0}} {
			want, err := d.Batch(context.Background(), 3, idx)
			if err != nil {
				t.Fatal(err)
			}
			got := whole.Part(idx)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("examples %v, %+v (-batch +part):\n%s", idx, o, d)
			}
			for i := range idx {
				if n := got.Length(i); o.PadToMax && n != 10 || !o.PadToMax && n != got.Lengths[i] {
					t.Errorf("example %d has %d tokens of %d, %+v", idx[i], n, got.Lengths[i], o)
				}
			}
			clear(got.IDs)
		}
		if !slices.Equal(before, whole.IDs) {
			t.Error("the whole batch has changed with a part")
		}
	}
}

// Lengths are those of the batches: truncated, of both texts.
func TestLengthsAreTheBatches(t *testing.T) {
	d := openPairs(t, text.DataOptions{})
	b, err := d.Batch(context.Background(), 0, []int{0, 1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	got, err := d.Lengths(context.Background(), 2, func(done, _ int) { seen = done })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.Lengths, got); d != "" || seen != 5 || slices.Max(got) != 10 {
		t.Errorf("%d seen, lengths (-batch +got):\n%s", seen, d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.Lengths(ctx, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
