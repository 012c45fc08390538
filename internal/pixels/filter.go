package pixels

import "math"

// filter holds, for every output position along one axis, the triangle filter's
// weights over the input positions below it. When reducing, the triangle is as
// wide as the reduction, which is what keeps fine texture from aliasing.
type filter struct {
	taps    int      // weights of each output
	first   []int    // first input position of each output; first+taps is inside
	weights []uint64 // outputs × taps, fixed point, each output adding up to weightOne
}

func newFilter(in, out int) *filter {
	scale := float64(in) / float64(out)
	width := max(scale, 1) // half the triangle's base, in input pixels
	span := func(i int) (lo, hi int, center float64) {
		center = (float64(i) + 0.5) * scale
		return max(int(center-width+0.5), 0), min(int(center+width+0.5), in), center
	}
	f := &filter{first: make([]int, out)}
	for i := range out {
		lo, hi, _ := span(i)
		f.taps = max(f.taps, hi-lo)
	}
	f.weights = make([]uint64, out*f.taps)
	raw := make([]float64, f.taps)
	for i := range out {
		lo, hi, center := span(i)
		// All outputs have the same number of taps, some with weight 0, so that the
		// loops over them can be straight lines.
		f.first[i] = min(lo, in-f.taps)
		clear(raw)
		total := 0.0
		for j := lo; j < hi; j++ {
			v := max(0, 1-math.Abs(float64(j)-center+0.5)/width)
			raw[j-f.first[i]] = v
			total += v
		}
		fixWeights(f.weights[i*f.taps:][:f.taps], raw, total)
	}
	return f
}

// fixWeights rounds raw/total to fixed point. The largest weight takes up what
// rounding left over, so that they add up to exactly one: an even grey stays
// even, and no lane can overflow.
func fixWeights(dst []uint64, raw []float64, total float64) {
	left, largest := int64(weightOne), 0
	for i, v := range raw {
		dst[i] = uint64(math.Round(v / total * weightOne))
		left -= int64(dst[i])
		if v > raw[largest] {
			largest = i
		}
	}
	dst[largest] = uint64(int64(dst[largest]) + left)
}

// at returns output i's first input position and its weights.
func (f *filter) at(i int) (int, []uint64) {
	return f.first[i], f.weights[i*f.taps:][:f.taps]
}

// apply filters a row of packed pixels, rounding each channel to eight bits as
// PIL does between its two passes. Three and four taps, reductions to between
// one half and all of the size, are what photographs for a network mostly need.
func (f *filter) apply(dst, src []uint64) {
	first := f.first[:len(dst)]
	switch f.taps {
	case 3:
		for i, lo := range first {
			w, in := f.weights[3*i:3*i+3:3*i+3], src[lo:lo+3:lo+3]
			dst[i] = (in[0]*w[0] + in[1]*w[1] + in[2]*w[2] + laneHalf) >> weightBits & laneMask
		}
	case 4:
		for i, lo := range first {
			w, in := f.weights[4*i:4*i+4:4*i+4], src[lo:lo+4:lo+4]
			dst[i] = (in[0]*w[0] + in[1]*w[1] + in[2]*w[2] + in[3]*w[3] + laneHalf) >> weightBits & laneMask
		}
	default:
		for i, lo := range first {
			weights := f.weights[i*f.taps:][:f.taps]
			in := src[lo:][:len(weights)]
			sum := uint64(laneHalf)
			for j, w := range weights {
				sum += in[j] * w
			}
			dst[i] = sum >> weightBits & laneMask
		}
	}
}
