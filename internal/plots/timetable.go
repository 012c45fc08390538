package plots

import (
	"errors"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
)

// Lane is one group's learning rate at each of a timetable's steps; 0: frozen.
type Lane struct {
	Group string    `json:"group"`
	Rates []float64 `json:"rates"`
}

// Lanes asks plan and lr for every group's rate at so many steps of a run, the
// first and the last among them. plateaus are the steps at which validation
// stopped improving; before a run there are none. Lanes are bottom to top.
func Lanes(plan *freeze.Plan, lr schedule.Schedule, stepsPerEpoch, steps, points int, plateaus []int) (at []int, lanes []Lane) {
	for _, g := range plan.Groups() {
		lanes = append(lanes, Lane{Group: g.Name})
	}
	for _, k := range sampled(steps, points, plan.ChangePoints()) {
		progress := freeze.Progress{Step: k}
		for _, s := range plateaus {
			if s <= k {
				progress.Plateaus = append(progress.Plateaus, s)
			}
		}
		if stepsPerEpoch > 0 {
			progress.Epoch = k / stepsPerEpoch
		}
		at = append(at, k)
		for g, factor := range plan.Factors(progress) {
			lanes[g].Rates = append(lanes[g].Rates, factor*lr.At(k))
		}
	}
	return at, lanes
}

// sampled is so many steps, evenly, and those at which something changes.
func sampled(steps, points int, changes []freeze.Change) []int {
	var at []int
	points = max(2, min(points, steps))
	for i := range points {
		at = append(at, int(math.Round(float64(i)/float64(points-1)*float64(max(steps-1, 0)))))
	}
	for _, c := range changes {
		if c.Step > 0 && c.Step < steps {
			at = append(at, c.Step-1, c.Step)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// Timetable draws who trains when, at which rate: a lane for each group, the
// bottom of the model at the bottom, filled while it trains, the darker the
// higher the rate, which stands at its highest beside the lane.
func Timetable(at []int, lanes []Lane, steps, stepsPerEpoch int, f Format) ([]byte, error) {
	if len(at) == 0 || len(lanes) == 0 {
		return nil, errors.New("timetable: nothing to draw")
	}
	p := newPlot("what trains when, at which rate", "step", "")
	p.Add(&bands{at: at, lanes: lanes, steps: steps})
	for e := stepsPerEpoch; stepsPerEpoch > 0 && e < steps; e += stepsPerEpoch {
		if steps/stepsPerEpoch > 40 {
			break // more lines than anybody counts
		}
		l, err := line(plotter.XYs{{X: float64(e), Y: -0.5}, {X: float64(e), Y: float64(len(lanes)) - 0.5}}, color.White, 0.8)
		if err != nil {
			return nil, err
		}
		p.Add(l)
	}
	ticks := make([]plot.Tick, len(lanes))
	for i, l := range lanes {
		ticks[i] = plot.Tick{Value: float64(i), Label: l.Group}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	p.X.Min, p.X.Max = 0, float64(max(steps, 1))
	p.Y.Min, p.Y.Max = -0.5, float64(len(lanes))-0.5
	return render(p, 640, vg.Length(90+24*len(lanes)), f)
}

// bands draws the lanes.
type bands struct {
	at    []int
	lanes []Lane
	steps int
}

// Plot is called by plot.
func (b *bands) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	lo, hi := math.Inf(1), 0.0
	for _, l := range b.lanes {
		for _, r := range l.Rates {
			if r > 0 {
				lo, hi = min(lo, r), max(hi, r)
			}
		}
	}
	// The ends of decays and warm-ups near 0 would use up the shades.
	lo = max(lo, hi*1e-3)
	for i, l := range b.lanes {
		bottom, top := y(float64(i)-0.4), y(float64(i)+0.4)
		box := func(from, to vg.Length, fill color.Color) {
			c.FillPolygon(fill, []vg.Point{{X: from, Y: bottom}, {X: to, Y: bottom}, {X: to, Y: top}, {X: from, Y: top}})
		}
		box(x(0), x(float64(max(b.steps, 1))), faint)
		highest := 0.0
		for k := 0; k < len(l.Rates); {
			r := l.Rates[k]
			highest = max(highest, r)
			end := k + 1
			for end < len(l.Rates) && l.Rates[end] == r {
				end++
			}
			to := float64(max(b.steps, 1))
			if end < len(b.at) {
				to = float64(b.at[end])
			}
			if r > 0 {
				// Half a point more: renderers leave a seam between neighbours.
				box(x(float64(b.at[k])), min(x(to)+0.5, x(float64(max(b.steps, 1)))), shade(r, lo, hi))
			}
			k = end
		}
		label := "frozen"
		if highest > 0 {
			label = "≤ " + rate(highest)
		}
		c.FillText(laneStyle(p), vg.Point{X: x(float64(max(b.steps, 1))) + vg.Points(6), Y: (bottom + top) / 2}, label)
	}
}

// GlyphBoxes keeps room on the right for the rates.
func (b *bands) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	width := laneStyle(p).Width("≤ 0.00000") + vg.Points(6)
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: width}}}}
}

func laneStyle(p *plot.Plot) text.Style {
	return text.Style{
		Color: quiet, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: 10},
		YAlign: text.YCenter, Handler: p.TextHandler,
	}
}

// shade goes from light to dark blue with the logarithm of the rate.
func shade(r, lo, hi float64) color.Color {
	t := 1.0
	if hi > lo {
		t = math.Log(max(r, lo)/lo) / math.Log(hi/lo)
	}
	light, dark := [3]float64{0xc6, 0xdd, 0xee}, [3]float64{0x00, 0x52, 0x8a}
	var v [3]uint8
	for i := range v {
		v[i] = uint8(light[i] + t*(dark[i]-light[i]))
	}
	return color.RGBA{v[0], v[1], v[2], 0xff}
}
