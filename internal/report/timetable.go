package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// lane is a group's line of the timetable: when it trained, and how fast.
type lane struct {
	Name       string
	Parameters int
	From       int // step of the first time, 0: never so far
	Highest    float64
	Series     *Series
}

// lanes are the groups from top to bottom of the model; none where all have
// trained at one rate throughout.
func (p *Page) lanes() []lane {
	j := p.Journal
	if j == nil || len(j.Rates) == 0 {
		return nil
	}
	var out []lane
	for g := len(j.Rates) - 1; g >= 0; g-- {
		l := lane{Name: p.groupName(g), Series: &j.Rates[g]}
		if g < len(p.Groups) {
			l.Parameters = p.Groups[g].Parameters
		}
		for _, b := range l.Series.Points {
			if b.Max > 0 && l.From == 0 {
				l.From = b.From
			}
			l.Highest = max(l.Highest, b.Max)
		}
		out = append(out, l)
	}
	return out
}

// timetable draws the lanes: filled while the group trains, the stronger the
// higher its rate, on a logarithmic scale over three powers of ten.
func (p *Page) timetable() template.HTML {
	lanes := p.lanes()
	if len(lanes) == 0 {
		return ""
	}
	const left, right, high, gap = 190.0, 110.0, 20.0, 7.0
	const width = 1080.0
	total := float64(max(p.Journal.Steps, 1))
	highest := 0.0
	for _, l := range lanes {
		highest = max(highest, l.Highest)
	}
	x := func(step float64) float64 { return left + step/total*(width-left-right) }
	height := float64(len(lanes))*(high+gap) + 30
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart lanes" viewBox="0 0 %g %g" role="img" aria-label="When each group of the model trained; the table below says the same.">`, width, height)
	for i, l := range lanes {
		y := float64(i) * (high + gap)
		fmt.Fprintf(&b, `<text x="%g" y="%.1f" text-anchor="end">%s</text>`, left-12, y+15, html.EscapeString(shorten(l.Name, 18)))
		fmt.Fprintf(&b, `<rect class="lane" x="%.1f" y="%.1f" width="%.1f" height="%g" rx="4"/>`, x(0), y, x(total)-x(0), high)
		for _, s := range l.stretches(highest) {
			fmt.Fprintf(&b, `<rect class="on" x="%.1f" y="%.1f" width="%.1f" height="%g" fill-opacity="%.2f"/>`,
				x(float64(s.from-1)), y, x(float64(min(s.to, p.Journal.Steps)))-x(float64(s.from-1)), high, s.strength)
		}
		label := "frozen"
		if l.Highest > 0 {
			label = "≤ " + rate(l.Highest)
		}
		fmt.Fprintf(&b, `<text x="%g" y="%.1f">%s</text>`, width-right+12, y+15, label)
	}
	for _, e := range p.Journal.Epochs {
		if len(p.Journal.Epochs) <= 40 && e.Step < p.Journal.Steps {
			fmt.Fprintf(&b, `<path class="cut" d="M%.1f 0V%.1f"/>`, x(float64(e.Step)), height-30)
		}
	}
	steps := axis{lo: 0, hi: total}
	_, _, ticks := steps.nice()
	for _, t := range ticks {
		if t <= total {
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x(t), height-8, count(int(t)))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // made of numbers and escaped names
}

// stretch is a time of one strength.
type stretch struct {
	from, to int
	strength float64
}

// stretches joins buckets of about the same rate.
func (l lane) stretches(highest float64) []stretch {
	var out []stretch
	for _, b := range l.Series.Points {
		if b.Mean <= 0 {
			continue
		}
		// 1 at the highest rate of all, 0.2 at a thousandth of it and below.
		v := 1 + 0.8*max(math.Log10(b.Mean/highest)/3, -1)
		v = math.Round(v*20) / 20
		if n := len(out); n > 0 && out[n-1].to+1 == b.From && out[n-1].strength == v {
			out[n-1].to = b.To
			continue
		}
		out = append(out, stretch{b.From, b.To, v})
	}
	return out
}

// shorten cuts the middle out of a name that is too long.
func shorten(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most/2-1]) + "…" + string(r[len(r)-most/2:])
}
