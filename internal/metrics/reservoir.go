package metrics

import (
	"iter"
	"math/rand/v2"
)

// reservoir keeps logits and labels, all of them up to a bound and a uniform
// sample of them beyond it (Vitter 1985, algorithm R).
type reservoir struct {
	classes  int
	capacity int // examples
	seen     int
	chunks   [][]float32 // of chunkRows rows each: growing copies nothing
	labels   []int32
	rng      *rand.Rand
}

const chunkRows = 1024

func newReservoir(classes, bytes int, seed uint64) *reservoir {
	return &reservoir{
		classes: classes,
		// At least one chunk's worth: fewer scores rank nothing.
		capacity: max(chunkRows, bytes/(4*classes+4)),
		rng:      rand.New(rand.NewPCG(seed, 0x7265736572766f72)),
	}
}

func (r *reservoir) add(logits []float32, label int) {
	at := r.seen
	r.seen++
	if at >= r.capacity {
		if at = r.rng.IntN(r.seen); at >= r.capacity {
			return
		}
	} else {
		if at%chunkRows == 0 {
			r.chunks = append(r.chunks, make([]float32, min(chunkRows, r.capacity-at)*r.classes))
		}
		r.labels = append(r.labels, 0)
	}
	copy(r.row(at), logits)
	r.labels[at] = int32(label)
}

// kept returns how many examples are in the sample.
func (r *reservoir) kept() int { return len(r.labels) }

func (r *reservoir) row(i int) []float32 {
	at := i % chunkRows * r.classes
	return r.chunks[i/chunkRows][at : at+r.classes]
}

// rows yields the label and logits of each kept example.
func (r *reservoir) rows() iter.Seq2[int, []float32] {
	return func(yield func(int, []float32) bool) {
		for i, label := range r.labels {
			if !yield(int(label), r.row(i)) {
				return
			}
		}
	}
}

// losses returns the log loss of each kept example.
func (r *reservoir) losses() []float64 {
	probs := make([]float64, r.classes)
	losses := make([]float64, 0, r.kept())
	for label, logits := range r.rows() {
		losses = append(losses, softmax(probs, logits, 1, label))
	}
	return losses
}
