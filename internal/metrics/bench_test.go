package metrics

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func filled(b *testing.B, n, classes int) *Evaluator {
	e, err := NewEvaluator(make([]string, classes), Options{})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	logits := make([]float32, classes)
	for range n {
		for k := range logits {
			logits[k] = float32(rng.NormFloat64())
		}
		label := rng.IntN(classes)
		logits[label]++
		if err := e.Add(logits, label, "x"); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

func BenchmarkAdd(b *testing.B) {
	e := filled(b, 0, 2)
	logits := []float32{0.3, -0.7}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Add(logits, 1, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResult(b *testing.B) {
	for _, c := range []struct{ n, classes int }{{50_000, 2}, {10_000, 100}} {
		e := filled(b, c.n, c.classes)
		b.Run(fmt.Sprintf("%dx%d", c.n, c.classes), func(b *testing.B) {
			for b.Loop() {
				e.Result()
			}
		})
	}
}
