package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/gotune/gotune/internal/plots"
)

// figure is a chart with its caption and names, as the page shows it.
type figure struct {
	Title  string
	Legend []legend
	SVG    template.HTML
	Note   string
}

type legend struct{ Name, Class string }

// curves are the figures over the steps of a run.
func (p *Page) curves() []figure {
	var out []figure
	for _, c := range p.charts() {
		f := figure{Title: c.Title, SVG: c.svg()}
		for _, k := range c.Curves {
			if !k.Faint && len(k.XY) > 0 {
				f.Legend = append(f.Legend, legend{k.Name, k.class()})
			}
		}
		out = append(out, f)
	}
	return out
}

// CurvesPNG returns the same figures as a picture, nil before the first step.
func (p *Page) CurvesPNG() ([]byte, error) {
	var panels []plots.Panel
	for _, c := range p.charts() {
		panel := plots.Panel{Title: c.Title, XMax: c.XMax, Zero: c.Zero, Log: c.Log}
		for _, k := range c.Curves {
			l := plots.Curve{Name: k.Name, Colour: k.Colour, Faint: k.Faint, Dots: k.Dots}
			for _, pt := range k.XY {
				l.X, l.Y = append(l.X, pt.X), append(l.Y, pt.Y)
			}
			panel.Curves = append(panel.Curves, l)
		}
		panels = append(panels, panel)
	}
	if panels == nil {
		return nil, nil
	}
	return plots.Curves(panels, plots.PNG)
}

// charts are those that there is something to draw in.
func (p *Page) charts() []*chart {
	j := p.Journal
	if j == nil || j.Done == 0 {
		return nil
	}
	all := []*chart{
		{Title: "Loss", Curves: []curve{
			{Colour: 0, XY: j.Loss.Means(), Faint: true},
			{Name: "training", Colour: 0, XY: j.Loss.Smooth()},
			{Name: "validation", Colour: 1, Dots: true, XY: j.validation(func(s Score) float64 { return s.Loss })},
		}},
		{Title: "Validation", Curves: []curve{
			{Name: "accuracy", Colour: 1, Dots: true, XY: j.validation(func(s Score) float64 { return s.Accuracy })},
			{Name: "F1, macro", Colour: 3, Dots: true, XY: j.validation(func(s Score) float64 { return s.F1 })},
		}},
		p.rateChart(),
		{Title: "Gradient norm", Zero: true, Curves: []curve{
			{Colour: 2, XY: j.GradNorm.Means(), Faint: true},
			{Name: "before clipping", Colour: 2, XY: j.GradNorm.Smooth()},
		}},
	}
	var out []*chart
	for _, c := range all {
		c.XMax = float64(j.Steps)
		if !c.empty() {
			out = append(out, c)
		}
	}
	return out
}

// validation is a figure of the evaluations, at the steps that they came after.
func (j *Journal) validation(of func(Score) float64) []XY {
	var out []XY
	add := func(step int, s Score) {
		if v := of(s); !math.IsNaN(v) {
			out = append(out, XY{float64(step), v})
		}
	}
	if j.Untrained != nil {
		add(0, *j.Untrained)
	}
	for _, e := range j.Epochs {
		add(e.Step, Score{orNaN(e.ValLoss), orNaN(e.ValAccuracy), orNaN(e.ValF1)})
	}
	return out
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// mostLines is how many groups' rates a chart shows each by itself.
const mostLines = 6

// rateChart shows each group's rate, or, of many, those of the top, the middle
// and the bottom: the ones between lie between.
func (p *Page) rateChart() *chart {
	j := p.Journal
	if len(j.Rates) == 0 {
		return &chart{Title: "Learning rate", Zero: true, Unit: rate, Curves: []curve{{Name: "all groups", Colour: 2, XY: j.LR.Means()}}}
	}
	c := &chart{Title: "Learning rate by group", Unit: rate, Zero: true}
	var trained []int
	for g := range j.Rates {
		if len(training(&j.Rates[g])) > 0 {
			trained = append(trained, g)
		}
	}
	for i, k := range spread(len(trained), mostLines) {
		g := trained[k]
		c.Curves = append(c.Curves, curve{Name: p.groupName(g), Colour: i, XY: training(&j.Rates[g])})
	}
	return c
}

// training is a group's rate from when it first trained until it last did.
func training(s *Series) []XY {
	xy := s.Means()
	frozen := func(p XY) bool { return p.Y == 0 }
	for len(xy) > 0 && frozen(xy[0]) {
		xy = xy[1:]
	}
	for len(xy) > 0 && frozen(xy[len(xy)-1]) {
		xy = xy[:len(xy)-1]
	}
	return xy
}

// spread returns up to most of n indices, the last, the first and evenly between,
// from the last down.
func spread(n, most int) []int {
	most = min(n, most)
	var out []int
	for i := range most {
		out = append(out, n-1-i*(n-1)/max(most-1, 1))
	}
	return out
}

func (p *Page) groupName(g int) string {
	if g < len(p.Groups) {
		return p.Groups[g].Name
	}
	return fmt.Sprintf("group %d", g+1)
}
