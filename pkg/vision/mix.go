package vision

import (
	"math"

	"github.com/gotune/gotune/pkg/torch"
)

// mix is how each picture of a batch is blended with the one before it. The zero
// value is not at all.
type mix struct {
	on     bool
	share  float64 // of the picture itself, with mixup
	box    *box    // pasted from the one before, with cutmix
	before *Batch  // whose last picture is before the first; nil: the same batch
}

// box is pixels x0 ≤ x < x1, y0 ≤ y < y1.
type box struct{ x0, y0, x1, y1 int }

// Follow makes the last picture of before the one before b's first, where b is a
// part of a larger batch. It comes before Mixup or Cutmix.
func (b *Batch) Follow(before *Batch) { b.mix.before = before }

// Mixup makes Tensors weigh each picture by share and the one before it by
// 1-share (Zhang et al. 2017). The labels stay as they are: the loss weighs both.
func (b *Batch) Mixup(share float64) { b.mix.on, b.mix.share, b.mix.box = true, share, nil }

// Cutmix makes Tensors paste into each picture a box of the one before it (Yun
// et al. 2019). Its area is 1-share of the picture's and its centre (x,y), as
// fractions of the sides; what lies outside is cut off. It returns the share that
// is left of the picture itself.
func (b *Batch) Cutmix(share, x, y float64) float64 {
	S := b.Input.Size
	cx, cy := int(x*float64(S)), int(y*float64(S))
	half := int(0.5 * math.Sqrt(1-share) * float64(S))
	k := box{max(cx-half, 0), max(cy-half, 0), min(cx+half, S), min(cy+half, S)}
	b.mix.on, b.mix.box = true, &k
	return 1 - float64((k.x1-k.x0)*(k.y1-k.y0))/float64(S*S)
}

// apply blends x, [N,3,S,S], with the pictures before each.
func (m mix) apply(s *torch.Scope, x *torch.Tensor) *torch.Tensor {
	if !m.on || !x.Alive() { // the pictures could not be drawn
		return x
	}
	shape := x.Shape()
	N := shape[0]
	first := s.Narrow(x, 0, N-1, 1)
	if m.before != nil {
		first = m.before.pictures(s, m.before.N-1, 1)
	}
	other := first
	if N > 1 {
		other = s.Cat([]*torch.Tensor{first, s.Narrow(x, 0, 0, N-1)}, 0)
	}
	if m.box == nil {
		return s.Add(s.MulScalar(x, m.share), s.MulScalar(other, 1-m.share))
	}
	S := shape[2]
	inside, outside := make([]float32, S*S), make([]float32, S*S)
	for y := range S {
		for x := range S {
			if m.box.x0 <= x && x < m.box.x1 && m.box.y0 <= y && y < m.box.y1 {
				inside[y*S+x] = 1
			} else {
				outside[y*S+x] = 1
			}
		}
	}
	return s.Add(s.Mul(x, torch.FromSlice(s, outside, 1, 1, S, S)), s.Mul(other, torch.FromSlice(s, inside, 1, 1, S, S)))
}
