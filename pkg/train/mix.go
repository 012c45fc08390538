package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gotune/gotune/pkg/torch"
)

// Mix blends the examples of a step, and their labels, two by two: each with the
// one before it, and the first with the last, in however many micro-batches. How much is a pure function of seed and step. The zero
// value blends nothing; with both, each step is one or the other by chance.
type Mix struct {
	Mixup  float64 // α of the Beta(α,α) that weighs two examples; Zhang et al. 2017
	Cutmix float64 // α of the Beta(α,α) that is a pasted box's area; Yun et al. 2019
}

// Mixable is a batch whose examples can be blended: pictures.
type Mixable[B Batch] interface {
	// Follow makes the last example of before the one before the first. Without it,
	// that is the batch's own last.
	Follow(before B)
	// Mixup weighs each example by share and the one before it by 1-share.
	Mixup(share float64)
	// Cutmix pastes a box of the one before into each example. Its area is
	// 1-share, its centre at (x,y), all as fractions of the picture's; what lies
	// outside is cut off. It returns the share that is left of the example.
	Cutmix(share, x, y float64) float64
}

// Validate reports an α below 0.
func (m Mix) Validate() error {
	var errs []error
	for _, f := range []struct {
		flag string
		v    float64
	}{{"--mixup", m.Mixup}, {"--cutmix", m.Cutmix}} {
		if !(f.v >= 0) || math.IsInf(f.v, 0) {
			errs = append(errs, fmt.Errorf("%s: %g, want 0 (off) or more", f.flag, f.v))
		}
	}
	return errors.Join(errs...)
}

func (m Mix) on() bool { return m.Mixup > 0 || m.Cutmix > 0 }

// micro is a part of a step's batch, with what is left of each label.
type micro[B Batch] struct {
	batch  B
	share  float64 // of the example's own label; the rest is the one's before it
	before B       // its last example stands before the first
}

// other is the label that the i-th example is blended with.
func (m micro[B]) other(i int) int64 {
	if i > 0 {
		return m.batch.Targets()[i-1]
	}
	ys := m.before.Targets()
	return ys[len(ys)-1]
}

// mixStream keeps the draws apart from the shuffles of the same seed, whose
// streams are the epochs.
const mixStream = 1 << 62

// mix blends a step's examples, all in the same way.
func mix[B Batch](m Mix, seed uint64, step int, parts []micro[B]) {
	examples := 0
	for _, p := range parts {
		examples += p.batch.Size()
	}
	if !m.on() || examples < 2 {
		return
	}
	r := rand.New(rand.NewPCG(seed, mixStream+uint64(step)))
	cut := m.Mixup == 0 || m.Cutmix > 0 && r.Float64() < 0.5
	alpha := m.Mixup
	if cut {
		alpha = m.Cutmix
	}
	share, x, y := beta(r, alpha), r.Float64(), r.Float64()
	for i, p := range parts {
		b, ok := any(p.batch).(Mixable[B])
		if !ok {
			continue
		}
		parts[i].before = parts[(i+len(parts)-1)%len(parts)].batch
		if len(parts) > 1 {
			b.Follow(parts[i].before)
		}
		if cut {
			parts[i].share = b.Cutmix(share, x, y)
		} else {
			b.Mixup(share)
			parts[i].share = share
		}
	}
}

// beta draws from Beta(α,α), as two Gamma(α) and their sum's part.
func beta(r *rand.Rand, alpha float64) float64 {
	a, b := gamma(r, alpha), gamma(r, alpha)
	if a+b == 0 { // a tiny α: all or nothing
		return math.Round(r.Float64())
	}
	return a / (a + b)
}

// gamma draws from Gamma(α,1). Source: Marsaglia & Tsang 2000, "A simple method
// for generating gamma variables"; below 1 by their boost of α+1.
func gamma(r *rand.Rand, alpha float64) float64 {
	if alpha < 1 {
		return gamma(r, alpha+1) * math.Pow(r.Float64(), 1/alpha)
	}
	d := alpha - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// targets are the labels [N], or, of blended examples, their probabilities
// [N,C]. A label of no class is an error of s: a GPU would die of it.
func (m micro[B]) targets(s *torch.Scope, classes int) *torch.Tensor {
	ys := m.batch.Targets()
	known := func(y int64) bool { return y >= 0 && y < int64(classes) }
	for i, y := range ys {
		if !known(y) {
			s.Fail(fmt.Errorf("%s: label %d of %d classes", m.batch.Name(i), y, classes))
			return &torch.Tensor{}
		}
	}
	if m.share == 1 {
		return torch.FromSlice(s, ys, len(ys))
	}
	p := make([]float32, len(ys)*classes)
	for i, y := range ys {
		other := m.other(i)
		if !known(other) { // it may be of another micro-batch
			s.Fail(fmt.Errorf("%s: blended with label %d of %d classes", m.batch.Name(i), other, classes))
			return &torch.Tensor{}
		}
		p[i*classes+int(y)] += float32(m.share)
		p[i*classes+int(other)] += float32(1 - m.share)
	}
	return torch.FromSlice(s, p, len(ys), classes)
}
