package report

// Series is a figure over the steps of a run, at most maxBuckets points of it:
// each is the mean, least and greatest of as many steps as it takes.
type Series struct {
	Width  int // steps a bucket
	Points []Bucket
}

// Bucket is the figure of steps From to To. One without a value has N 0.
type Bucket struct {
	From, To       int
	N              int
	Mean, Min, Max float64
}

const maxBuckets = 512

// add counts the value of a step, from 1, each once and in order. Where there
// would be too many buckets, two and two become one.
func (s *Series) add(step int, v float64) {
	if s.Width == 0 {
		s.Width = 1
	}
	for (step-1)/s.Width >= maxBuckets {
		s.halve()
	}
	for at := (step - 1) / s.Width; len(s.Points) <= at; {
		from := len(s.Points)*s.Width + 1
		s.Points = append(s.Points, Bucket{From: from, To: from + s.Width - 1})
	}
	b := &s.Points[(step-1)/s.Width]
	b.merge(Bucket{N: 1, Mean: v, Min: v, Max: v})
}

func (s *Series) halve() {
	s.Width *= 2
	half := s.Points[:0]
	for i := 0; i < len(s.Points); i += 2 {
		b := s.Points[i]
		if i+1 < len(s.Points) {
			b.merge(s.Points[i+1])
		}
		b.To = b.From + s.Width - 1
		half = append(half, b)
	}
	s.Points = half
}

func (b *Bucket) merge(o Bucket) {
	switch {
	case o.N == 0:
	case b.N == 0:
		b.N, b.Mean, b.Min, b.Max = o.N, o.Mean, o.Min, o.Max
	default:
		b.Mean += (o.Mean - b.Mean) * float64(o.N) / float64(b.N+o.N)
		b.N += o.N
		b.Min, b.Max = min(b.Min, o.Min), max(b.Max, o.Max)
	}
}

// XY is a point of a curve; X is in steps.
type XY struct{ X, Y float64 }

// at is the middle of a bucket's steps.
func (b Bucket) at() float64 { return float64(b.From+b.To) / 2 }

// Means returns the points of the figure itself.
func (s *Series) Means() []XY {
	var out []XY
	for _, b := range s.Points {
		if b.N > 0 {
			out = append(out, XY{b.at(), b.Mean})
		}
	}
	return out
}

// Smooth returns the figure averaged over about a twentieth of the run around
// each point, the nearest counting most. Before and after count alike: an average
// of what was before alone would trail behind a falling loss.
func (s *Series) Smooth() []XY {
	xy := s.Means()
	if len(xy) < 20 {
		return xy
	}
	keep := 1 - 40/float64(len(xy)+40) // weights fall by this factor a point
	type weighed struct{ sum, weight float64 }
	before := make([]weighed, len(xy)) // up to each point, and with it
	var w weighed
	for i, p := range xy {
		w = weighed{keep*w.sum + p.Y, keep*w.weight + 1}
		before[i] = w
	}
	w = weighed{}
	for i := len(xy) - 1; i >= 0; i-- {
		y := xy[i].Y
		w = weighed{keep*w.sum + y, keep*w.weight + 1}
		// The point itself is in both. At an edge one of them is that point alone.
		xy[i].Y = (before[i].sum + w.sum - y) / (before[i].weight + w.weight - 1)
	}
	return xy
}
