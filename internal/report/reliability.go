package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/gotune/gotune/internal/metrics"
)

// reliability draws how often predictions of a confidence are right: bars that
// would end on the diagonal if confidences were honest, and below, how many
// predictions each stands for.
func reliability(c metrics.Calibration) template.HTML {
	const width, height, pad, below = 420.0, 360.0, 62.0, 54.0
	const side = width - pad - 14
	top := 12.0
	bottom := top + height - pad - below
	x := func(v float64) float64 { return pad + v*side }
	y := func(v float64) float64 { return bottom - v*(bottom-top) }
	most := 1
	for _, b := range c.Bins {
		most = max(most, b.Count)
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg class="chart square" viewBox="0 0 %g %g" role="img" aria-label="Reliability diagram: accuracy by confidence. Expected calibration error %s.">`,
		width, height+20, number(c.ECE))
	for _, t := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&s, `<path class="grid" d="M%.1f %.1fH%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, x(0), y(t), x(1), x(0)-7, y(t)+4.5, number(t))
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x(t), height-4.0, number(t))
	}
	for _, b := range c.Bins {
		if b.Count == 0 {
			continue
		}
		left, w := x(b.Low)+1, x(b.High)-x(b.Low)-2
		note := fmt.Sprintf("confidence %s to %s: %s predictions, mean confidence %s, accuracy %s",
			number(b.Low), number(b.High), count(b.Count), number(b.Confidence), number(b.Accuracy))
		fmt.Fprintf(&s, `<g><title>%s</title><rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, note, left, y(b.Accuracy), w, bottom-y(b.Accuracy))
		hi, lo := max(b.Accuracy, b.Confidence), min(b.Accuracy, b.Confidence)
		fmt.Fprintf(&s, `<rect class="miss" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, left, y(hi), w, y(lo)-y(hi))
		tall := float64(b.Count) / float64(most) * (below - 22)
		fmt.Fprintf(&s, `<rect class="count" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/></g>`, left, height-22-max(tall, 1), w, max(tall, 1))
	}
	fmt.Fprintf(&s, `<path class="diagonal" d="M%.1f %.1fL%.1f %.1f"/>`, x(0), y(0), x(1), y(1))
	fmt.Fprintf(&s, `<path class="axis" d="M%.1f %.1fH%.1f"/>`, x(0), bottom, x(1))
	fmt.Fprintf(&s, `<path class="axis" d="M%.1f %.1fH%.1f"/>`, x(0), height-22, x(1))
	fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="middle">confidence</text>`, x(0.5), height+15.0)
	fmt.Fprintf(&s, `<text transform="translate(11 %.1f) rotate(-90)" text-anchor="middle">accuracy</text>`, y(0.5))
	s.WriteString(`</svg>`)
	return template.HTML(s.String()) //nolint:gosec // made of numbers
}
