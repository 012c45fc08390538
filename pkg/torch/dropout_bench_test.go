package torch_test

import (
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// Dropout of 3 M elements: the attention weights of 16 texts of 128 tokens.
func BenchmarkDropout(b *testing.B) {
	rt, err := torch.Open(torch.Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	for _, dtype := range []torch.DType{torch.Float32, torch.BFloat16} {
		b.Run(dtype.String(), func(b *testing.B) {
			s := rt.Scope(torch.Mode{Train: true})
			defer mustClose(b, s)
			x := s.Cast(s.Ones(torch.Float32, 16*12*128*128), dtype)
			b.SetBytes(int64(x.Numel() * dtype.Size()))
			for b.Loop() {
				sub := s.Sub(s.Mode())
				sub.Dropout(x, 0.1)
				if err := sub.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
