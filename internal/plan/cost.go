package plan

import (
	"math"
	"time"

	"github.com/gotune/gotune/internal/loader"
)

// Load is the work of a batch: its examples, and how much each is padded to.
type Load struct {
	Examples int
	Size     int // tokens, padded; 1 for pictures, which are all alike
}

// Work is what the batch's time grows with.
func (l Load) Work() float64 { return float64(l.Examples * l.Size) }

// Split says how training makes micro-batches of a step.
type Split struct {
	Micro  int   // examples, at most
	Tokens int   // padded, at most; 0: no limit
	Sizes  []int // of all examples; nil: pictures
	Limit  int   // that Sizes are cut at
}

// Part is a micro-batch.
type Part struct {
	Examples []int
	Load
}

// Parts splits a step's examples as training does.
func (s Split) Parts(examples []int) []Part {
	sizes, budget := make([]int, len(examples)), s.Tokens
	for k, i := range examples {
		sizes[k] = 1
		if s.Sizes != nil {
			sizes[k] = max(1, min(s.Sizes[i], s.Limit))
		}
	}
	if s.Sizes == nil {
		budget = 0
	}
	var out []Part
	for _, cut := range loader.Cut(sizes, s.Micro, budget) {
		p := Part{Load: Load{Examples: len(cut), Size: loader.Padded(sizes, cut) / len(cut)}}
		for _, k := range cut {
			p.Examples = append(p.Examples, examples[k])
		}
		out = append(out, p)
	}
	return out
}

// Sample is a timed batch.
type Sample struct {
	Work    float64
	Compute time.Duration
	Build   time.Duration // by one worker
}

// Speed tells a batch's time from its work: a fixed part and one in proportion.
type Speed struct {
	Fixed, PerWork float64 // seconds
	BuildPerWork   float64
}

// Fit draws the line through samples that is nearest to them; neither part is
// below 0. No samples give a speed of 0 seconds for all.
func Fit(samples []Sample) Speed {
	var s Speed
	var n, sx, sy, sxx, sxy, build float64
	for _, p := range samples {
		y := p.Compute.Seconds()
		n, sx, sy, sxx, sxy = n+1, sx+p.Work, sy+y, sxx+p.Work*p.Work, sxy+p.Work*y
		build += p.Build.Seconds()
	}
	if n == 0 || sx == 0 {
		return s
	}
	s.BuildPerWork = build / sx
	s.PerWork = sy / sx
	if det := n*sxx - sx*sx; det > 1e-9*sxx {
		slope := (n*sxy - sx*sy) / det
		fixed := (sy - slope*sx) / n
		switch {
		case slope < 0: // noise: the time does not fall with the work
			s.PerWork, s.Fixed = 0, sy/n
		case fixed >= 0:
			s.PerWork, s.Fixed = slope, fixed
		}
	}
	return s
}

// Of returns the time of a batch of that work, where so many workers build the
// batches ahead.
func (s Speed) Of(work float64, workers int) time.Duration {
	compute := s.Fixed + s.PerWork*work
	build := s.BuildPerWork * work
	if workers == 0 {
		return seconds(compute + build)
	}
	return seconds(math.Max(compute, build/float64(workers)))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Time is what a run takes.
type Time struct {
	Step          float64 `json:"step_seconds"` // the mean
	Training      float64 `json:"training_seconds"`
	Evaluation    float64 `json:"evaluation_seconds"`
	Total         float64 `json:"total_seconds"`
	ExamplesPerS  float64 `json:"examples_per_second"`
	BatchesTimed  int     `json:"batches_timed"`
	BuildingLimit bool    `json:"building_limits"` // the workers are slower than the model
}
