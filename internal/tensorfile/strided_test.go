package tensorfile

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestCopyStrided compares with the definition: element (i,j,...) of the result
// is the source's at i*strides[0] + j*strides[1] + ...
func TestCopyStrided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "size")
		shape := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 3).Draw(t, "shape")
		if rapid.Bool().Draw(t, "deep") {
			shape = rapid.SliceOfN(rapid.IntRange(1, 4), 4, 6).Draw(t, "shape")
		}
		strides := make([]int, len(shape))
		if rapid.Bool().Draw(t, "free") {
			strides = rapid.SliceOfN(rapid.IntRange(0, 50), len(shape), len(shape)).Draw(t, "strides")
		} else { // a permutation of a contiguous array
			step := 1
			for _, i := range rapid.Permutation(order(len(shape))).Draw(t, "order") {
				strides[i] = step
				step *= max(1, shape[i])
			}
		}
		total, last := 1, 0
		for i, n := range shape {
			total *= n
			last += max(0, n-1) * strides[i]
		}
		src := make([]byte, (last+1)*size)
		for i := range src {
			src[i] = byte(i*7 + i>>8)
		}
		var want []byte
		index := make([]int, len(shape))
		for range total {
			at := 0
			for i, k := range index {
				at += k * strides[i]
			}
			want = append(want, src[at*size:(at+1)*size]...)
			for i := len(index) - 1; i >= 0; i-- {
				if index[i]++; index[i] < shape[i] {
					break
				}
				index[i] = 0
			}
		}
		got := make([]byte, total*size)
		copyStrided(got, src, size, shape, strides)
		if !bytes.Equal(got, want) {
			t.Fatalf("size %d, shape %v, strides %v: wrong elements", size, shape, strides)
		}
	})
}

func order(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
