package torch_test

import (
	"fmt"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// reviews are the tokens of eight reviews of IMDb, about their mean of 270.
var reviews = []int{512, 131, 220, 175, 430, 183, 344, 169}

// Attention of MiniLM's twelve heads, with and without dropout, on one thread and
// on two.
func BenchmarkAttentionPacked(b *testing.B) {
	const heads, d = 12, 32
	for _, threads := range []int{1, 2} {
		rt, err := torch.Open(torch.Options{Seed: 1, Threads: threads})
		if err != nil {
			b.Fatal(err)
		}
		for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
			for _, p := range []float64{0, 0.1} {
				b.Run(fmt.Sprintf("%s/dropout=%g/threads=%d", dtype, p, threads), func(b *testing.B) {
					s := rt.Scope(torch.Mode{Grad: true, Train: true})
					defer mustClose(b, s)
					x := given(b, s, torch.FromSlice(s, normal(1, sum(reviews)*3*heads*d), sum(reviews), 3*heads*d))
					for b.Loop() {
						sub := s.Sub(s.Mode())
						y := sub.AttentionPacked(sub.Cast(x, dtype), reviews, heads, p)
						sub.Backward(sub.Sum(y))
						if err := sub.Close(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
		if err := rt.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
