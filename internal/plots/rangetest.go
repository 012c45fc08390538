package plots

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotune/gotune/pkg/schedule"
)

// RangeTest draws the loss over the rates of a sweep, on a logarithmic axis, as
// measured and smoothed, with the rates that r.Suggestion was chosen among. A
// sweep that suggests none, Suggestion 0, is drawn without them.
func RangeTest(r *schedule.RangeReport, title string, f Format) ([]byte, error) {
	if len(r.Points) < 2 {
		return nil, errors.New("range test: nothing to draw")
	}
	p := newPlot(title, "learning rate", "training loss")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	p.Add(newGrid())
	measured, smoothed := make(plotter.XYs, len(r.Points)), make(plotter.XYs, len(r.Points))
	for i, pt := range r.Points {
		measured[i].X, measured[i].Y = pt.Rate, pt.Loss
		smoothed[i].X, smoothed[i].Y = pt.Rate, pt.Smoothed
	}
	lo, top := span(r)
	pad := 0.08 * max(top-lo, 1e-6)
	points, err := plotter.NewScatter(visible(measured, top+pad))
	if err != nil {
		return nil, err
	}
	points.GlyphStyle = draw.GlyphStyle{Color: color.RGBA{0x9d, 0xb8, 0xcc, 0xff}, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
	curve, err := line(visible(smoothed, top+pad), Colour(0), 2)
	if err != nil {
		return nil, err
	}
	p.Add(points, curve)
	p.Legend.Left, p.Legend.Top = true, false
	p.Legend.Add("each batch", points)
	p.Legend.Add("smoothed", curve)
	p.X.Min, p.X.Max = r.Points[0].Rate, r.Points[len(r.Points)-1].Rate
	p.Y.Min, p.Y.Max = lo-3*pad, top+pad
	if r.Suggestion > 0 {
		for i, m := range []struct {
			what string
			at   float64
		}{{"steepest", r.Steepest}, {"a tenth of the minimum", r.MinimumTenth}, {"minimum", r.Minimum}} {
			mark, err := line(plotter.XYs{{X: m.at, Y: p.Y.Min}, {X: m.at, Y: p.Y.Max}}, Colour(i+1), 1.2)
			if err != nil {
				return nil, err
			}
			mark.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
			p.Add(mark)
			p.Legend.Add(fmt.Sprintf("%s: %s", m.what, rate(m.at)), mark)
		}
	}
	return render(p, 640, 380, f)
}

// span is the range of losses that a sweep is looked at in. Its last ones shoot
// up and would press the rest flat: it ends a little above where the sweep began.
func span(r *schedule.RangeReport) (lo, top float64) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, pt := range r.Points {
		lo, hi = min(lo, pt.Smoothed), max(hi, pt.Smoothed)
	}
	first := r.Points[0].Smoothed
	return lo, min(hi, max(lo+2.5*(first-lo), 1.3*first))
}

// RangeTestText draws the smoothed loss of a sweep for a terminal, so many
// columns wide and rows high without its frame.
func RangeTestText(r *schedule.RangeReport, columns, rows int) string {
	if len(r.Points) < 2 {
		return ""
	}
	_, top := span(r)
	ys := make([]float64, len(r.Points))
	for i, pt := range r.Points {
		if ys[i] = pt.Smoothed; pt.Smoothed > top {
			ys[i] = math.NaN()
		}
	}
	return Text(ys, columns, rows, rate(r.Points[0].Rate), rate(r.Points[len(ys)-1].Rate), func(v float64) string { return fmt.Sprintf("%.3f", v) })
}

// visible leaves out points above top: the plot would draw them over its title.
// The curve ends on its way there.
func visible(xys plotter.XYs, top float64) plotter.XYs {
	var out plotter.XYs
	for _, pt := range xys {
		if pt.Y <= top {
			out = append(out, pt)
		}
	}
	return out
}
