package metrics

import "math"

// calibrationBins is the number of bins of equal width that a confidence falls
// into, as in the paper.
const calibrationBins = 15

// Calibration says how far confidences can be trusted: of the predictions made
// with a confidence of 0.8, are 80 % right?
// Source: Guo et al. 2017, arXiv:1706.04599, equation 3.
type Calibration struct {
	ECE  float64 `json:"ece"` // expected calibration error: mean |accuracy - confidence|
	Bins []Bin   `json:"bins"`
}

// Bin is a bar of the reliability diagram: the predictions whose top
// probability lies in (Low, High].
type Bin struct {
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Count      int     `json:"count"`
	Confidence float64 `json:"confidence"` // mean, 0 in an empty bin
	Accuracy   float64 `json:"accuracy"`   // 0 in an empty bin
}

// calibrator sums confidences and hits by bin.
type calibrator struct {
	count, right [calibrationBins]int
	confidence   [calibrationBins]sum
}

func (c *calibrator) add(confidence float64, right bool) {
	b := min(max(int(math.Ceil(confidence*calibrationBins))-1, 0), calibrationBins-1)
	c.count[b]++
	c.confidence[b].add(confidence)
	if right {
		c.right[b]++
	}
}

func (c *calibrator) result() Calibration {
	var r Calibration
	total := 0
	for _, n := range c.count {
		total += n
	}
	for b, n := range c.count {
		bin := Bin{Low: float64(b) / calibrationBins, High: float64(b+1) / calibrationBins, Count: n}
		if n > 0 {
			bin.Confidence = c.confidence[b].value() / float64(n)
			bin.Accuracy = ratio(c.right[b], n)
			r.ECE += math.Abs(bin.Accuracy-bin.Confidence) * ratio(n, total)
		}
		r.Bins = append(r.Bins, bin)
	}
	return r
}
