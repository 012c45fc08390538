// Package shuffle makes seeded permutations that never change.
//
// A resumed run must see the order that the interrupted one saw, also after
// the program was rebuilt with a newer Go. The generator is PCG-DXSM, which
// math/rand/v2 fixes by its definition; how its bits become a permutation is
// fixed here, because rand.Perm and rand.Shuffle may change with a release.
package shuffle

import (
	"math/bits"
	"math/rand/v2"
)

// Perm returns a permutation of 0…n-1, a pure function of n, seed and stream.
// Streams of one seed are independent; callers number them (an epoch, a class).
// n ≤ 0 gives an empty slice.
// T holds n-1: an int32 takes half of an int's memory.
func Perm[T int | int32](n int, seed, stream uint64) []T {
	p := make([]T, max(n, 0))
	for i := range p {
		p[i] = T(i)
	}
	Shuffle(p, seed, stream)
	return p
}

// Shuffle permutes s in place: Fisher and Yates, from the end, as Knuth's
// algorithm P (TAOCP 3.4.2).
func Shuffle[T any](s []T, seed, stream uint64) {
	pcg := rand.NewPCG(seed, stream)
	for i := len(s) - 1; i > 0; i-- {
		j := below(pcg, uint64(i)+1)
		s[i], s[j] = s[j], s[i]
	}
}

// below returns a uniform integer in [0, n), n > 0: the high word of a 128-bit
// product, redrawn where it would be biased (Lemire 2019, "Fast random integer
// generation in an interval").
func below(pcg *rand.PCG, n uint64) uint64 {
	hi, lo := bits.Mul64(pcg.Uint64(), n)
	if lo < n {
		for threshold := -n % n; lo < threshold; {
			hi, lo = bits.Mul64(pcg.Uint64(), n)
		}
	}
	return hi
}
