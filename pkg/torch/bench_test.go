package torch_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// One small operator through a scope, its result's free included: what Go adds
// to a kernel.
func BenchmarkReLU(b *testing.B) {
	rt := one(b)
	s := rt.Scope(torch.Mode{})
	x := s.Ones(torch.Float32, 8)
	n := 0
	for b.Loop() {
		if n++; n%256 == 0 { // as a step does: some hundred results, then all freed
			mustClose(b, s)
			s = rt.Scope(torch.Mode{})
			x = s.Ones(torch.Float32, 8)
		}
		s.ReLU(x)
	}
	mustClose(b, s)
}

func BenchmarkAddInPlace(b *testing.B) {
	s := scope(b, one(b), torch.Mode{})
	x := s.Ones(torch.Float32, 8)
	for b.Loop() {
		s.Add_(x, x)
	}
}

func BenchmarkScope(b *testing.B) {
	rt := one(b)
	for b.Loop() {
		mustClose(b, rt.Scope(torch.Mode{Grad: true}))
	}
}

func BenchmarkSub(b *testing.B) {
	s := scope(b, one(b), torch.Mode{Grad: true})
	for b.Loop() {
		mustClose(b, s.NoGrad())
	}
}

// 64 MB, the size of the largest weights of BERT-large or VGG's head in bfloat16.
const copied = 64 << 20

func BenchmarkFromSlice(b *testing.B) {
	rt := one(b)
	src := make([]float32, copied/4)
	b.SetBytes(copied)
	for b.Loop() {
		s := rt.Scope(torch.Mode{})
		torch.FromSlice(s, src, len(src))
		mustClose(b, s)
	}
}

func BenchmarkCopyIn(b *testing.B) {
	s := scope(b, one(b), torch.Mode{})
	x := s.Zeros(torch.Float32, copied/4)
	src := make([]byte, copied)
	binary.LittleEndian.PutUint32(src, math.Float32bits(1))
	b.SetBytes(copied)
	for b.Loop() {
		if err := torch.CopyIn(x, src, torch.Float32); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopyOut(b *testing.B) {
	s := scope(b, one(b), torch.Mode{})
	x := s.Ones(torch.Float32, copied/4)
	dst := make([]float32, copied/4)
	b.SetBytes(copied)
	for b.Loop() {
		if err := torch.CopyOut(dst, x); err != nil {
			b.Fatal(err)
		}
	}
}
