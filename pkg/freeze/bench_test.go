package freeze

import "testing"

// The loop asks once a step; a step takes 100 ms or more.
func BenchmarkFactors(b *testing.B) {
	policy, err := Parse("norms", "gradual/1e")
	if err != nil {
		b.Fatal(err)
	}
	plan, err := Compile(bert(), Spec{Policy: policy, StepsPerEpoch: 10, WarmupSteps: 5})
	if err != nil {
		b.Fatal(err)
	}
	at := Progress{Step: 205, Epoch: 20}
	b.ReportAllocs()
	for b.Loop() {
		plan.At(at)
		plan.Factors(at)
	}
}
