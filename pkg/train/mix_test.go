package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mixed records how it was blended.
type mixed struct {
	n     int
	told  *[]string
	first int64 // label
}

func (b mixed) Targets() []int64 {
	out := make([]int64, b.n)
	for i := range out {
		out[i] = b.first + int64(i)
	}
	return out
}
func (b mixed) Size() int       { return b.n }
func (b mixed) Name(int) string { return "" }
func (b mixed) Tokens() int     { return 0 }
func (b mixed) Follow(mixed)    {}
func (b mixed) Mixup(share float64) {
	*b.told = append(*b.told, fmt.Sprintf("mixup %g", share))
}

func (b mixed) Cutmix(share, x, y float64) float64 {
	*b.told = append(*b.told, fmt.Sprintf("cutmix %g at %g %g", share, x, y))
	return share
}

func blend(m Mix, seed uint64, step int, sizes ...int) ([]string, []micro[mixed]) {
	var told []string
	var parts []micro[mixed]
	labels := int64(0)
	for _, n := range sizes {
		parts = append(parts, micro[mixed]{batch: mixed{n, &told, labels}, share: 1})
		labels += int64(n)
	}
	mix(m, seed, step, parts)
	return told, parts
}

// How a step is blended follows from seed and step alone; its parts are blended
// alike, and a step of a single example is not.
func TestMixIsAFunctionOfSeedAndStep(t *testing.T) {
	both := Mix{Mixup: 0.2, Cutmix: 1}
	cuts := 0
	for step := range 200 {
		told, parts := blend(both, 3, step, 4, 4, 1)
		again, _ := blend(both, 3, step, 4, 4, 1)
		if d := cmp.Diff(told, again); d != "" {
			t.Fatal(d)
		}
		if len(told) != 3 || told[0] != told[1] || told[1] != told[2] || parts[0].share != parts[2].share {
			t.Fatalf("step %d: %q, shares %g, %g, %g", step, told, parts[0].share, parts[1].share, parts[2].share)
		}
		if told[0][0] == 'c' {
			cuts++
		}
		if next, _ := blend(both, 3, step+1, 4, 4, 1); next[0] == told[0] {
			t.Errorf("steps %d and %d are blended alike", step, step+1)
		}
	}
	if cuts < 60 || cuts > 140 {
		t.Errorf("%d of 200 steps pasted boxes, want about half", cuts)
	}
	if told, parts := blend(both, 3, 0, 1); told != nil || parts[0].share != 1 {
		t.Errorf("a single example was blended: %q", told)
	}
	if told, parts := blend(Mix{}, 3, 0, 4); told != nil || parts[0].share != 1 {
		t.Errorf("blended though off: %q", told)
	}
}

// Each example is blended with the one before it in the whole step, however it is
// split, so that the micro-batches' loss is the big batch's.
func TestMixGoesBeyondMicroBatches(t *testing.T) {
	for _, sizes := range [][]int{{5}, {3, 2}, {1, 1, 2, 1}} {
		_, parts := blend(Mix{Mixup: 0.2}, 1, 0, sizes...)
		var got []int64
		for _, p := range parts {
			for i := range p.batch.n {
				got = append(got, p.other(i))
			}
		}
		if d := cmp.Diff([]int64{4, 0, 1, 2, 3}, got); d != "" {
			t.Errorf("%v: %s", sizes, d)
		}
	}
}

// Beta(α,α) has mean 1/2 and variance 1/(8α+4).
func TestBeta(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 20000
	for _, alpha := range []float64{0.1, 0.2, 1, 4} {
		sum, squares := 0.0, 0.0
		for range n {
			v := beta(r, alpha)
			if !(v >= 0 && v <= 1) {
				t.Fatalf("Beta(%g): drew %g", alpha, v)
			}
			sum += v
			squares += (v - 0.5) * (v - 0.5)
		}
		mean, variance, want := sum/n, squares/n, 1/(8*alpha+4)
		// Five standard errors: of the mean, and of a variance of bounded values.
		if math.Abs(mean-0.5) > 5*math.Sqrt(want/n) || math.Abs(variance-want) > 5*0.25/math.Sqrt(n) {
			t.Errorf("Beta(%g): mean %g, variance %g, want 0.5 and %g", alpha, mean, variance, want)
		}
	}
	if v := beta(r, 1e-12); v != 0 && v != 1 {
		t.Errorf("a tiny α: %g, want all or nothing", v)
	}
}
