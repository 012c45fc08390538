package metrics

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// ROC AUC is the chance that a positive example ranks above a negative one,
// ties counting half.
func TestAUCCountsPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var examples []ranked
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			examples = append(examples, ranked{float64(rapid.IntRange(-3, 3).Draw(t, "score")), rapid.Bool().Draw(t, "yes")})
		}
		var won, pairs float64
		for _, p := range examples {
			for _, n := range examples {
				if !p.yes || n.yes {
					continue
				}
				pairs++
				switch {
				case p.score > n.score:
					won++
				case p.score == n.score:
					won += 0.5
				}
			}
		}
		slices.SortFunc(examples, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
		auc, ap, ok := areas(examples)
		if ok != (pairs > 0) {
			t.Fatalf("defined: %v, with %v pairs", ok, pairs)
		}
		if ok && math.Abs(auc-won/pairs) > 1e-12 {
			t.Errorf("AUC %v, want %v", auc, won/pairs)
		}
		if ap < 0 || ap > 1+1e-12 {
			t.Errorf("average precision %v", ap)
		}
	})
}

// Confidences of 1 to the last bit still rank.
func TestSaturatedScoresRank(t *testing.T) {
	logits := [][]float32{{0, 100}, {0, 200}, {0, 300}, {0, 400}}
	r := evaluate(t, Options{}, logits, []int{0, 0, 1, 1})
	if *r.ROCAUC != 1 || *r.PRAUC != 1 {
		t.Errorf("areas %v, %v, want 1", *r.ROCAUC, *r.PRAUC)
	}
}

func TestTopLosses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keep := rapid.IntRange(0, 8).Draw(t, "keep")
		losses := rapid.SliceOf(rapid.Map(rapid.IntRange(0, 6), func(i int) float64 { return float64(i) })).Draw(t, "losses")
		top := topLosses{keep: keep}
		probs := []float64{0}
		var want []lossAt
		for i, l := range losses {
			probs[0] = float64(i) // its own row, to see that rows are not mixed
			top.add("", 0, 0, l, probs)
			want = append(want, lossAt{loss: l, order: i})
		}
		slices.SortStableFunc(want, func(a, b lossAt) int { return cmp.Compare(b.loss, a.loss) })
		want = want[:min(keep, len(want))]
		got := top.result([]string{"only"})
		if len(got) != len(want) {
			t.Fatalf("%d kept, want %d", len(got), len(want))
		}
		for i, l := range got {
			if l.Loss != want[i].loss || l.Scores[0] != float64(want[i].order) || l.Order != want[i].order {
				t.Errorf("place %d: loss %v of example %v, want %v of %d", i, l.Loss, l.Scores[0], want[i].loss, want[i].order)
			}
		}
	})
}
