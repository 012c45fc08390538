package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A chart is drawn in units of a pixel at its natural width, and scales with the
// page: at a telephone's width its letters are two thirds as high.
const (
	chartWidth, chartHeight = 520.0, 270.0
	padLeft, padRight       = 58.0, 14.0
	padTop, padBottom       = 14.0, 34.0
)

// curve is a line of a chart, or points where Dots is set.
type curve struct {
	Name   string
	Colour int
	XY     []XY
	Dots   bool // with a dot at each point, which tells its value
	Faint  bool // behind, without a name
}

// class is the colour's in the style sheet.
func (k curve) class() string { return fmt.Sprintf("c%d", k.Colour) }

// chart is a figure over the steps of a run.
type chart struct {
	Title  string
	Curves []curve
	XMax   float64
	Log    bool // the y axis, where all values are above 0
	Zero   bool // the y axis begins at 0
	Unit   func(float64) string
}

// empty says whether there is nothing to draw.
func (c *chart) empty() bool {
	for _, k := range c.Curves {
		if len(k.XY) > 0 {
			return false
		}
	}
	return true
}

// svg draws the chart. Its title and what it shows in words are for those who do
// not see it.
func (c *chart) svg() template.HTML {
	lo, hi := c.bounds()
	ax := axis{lo: lo, hi: hi, log: c.Log}
	ax.lo, ax.hi, ax.ticks = ax.nice()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, html.EscapeString(c.words()))
	y := func(v float64) float64 {
		return padTop + (1-ax.place(v))*(chartHeight-padTop-padBottom)
	}
	x := func(v float64) float64 { return padLeft + v/max(c.XMax, 1)*(chartWidth-padLeft-padRight) }
	format := c.Unit
	if format == nil {
		format = number
	}
	for _, t := range ax.ticks {
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %.1fH%.1f"/>`, padLeft, y(t), chartWidth-padRight)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, padLeft-7, y(t)+4.5, html.EscapeString(format(t)))
	}
	steps := axis{lo: 0, hi: max(c.XMax, 1)}
	_, _, ticks := steps.nice()
	for _, t := range ticks {
		if t < 0 || t > c.XMax*1.0001 || t != math.Trunc(t) {
			continue
		}
		anchor := "middle"
		if x(t) > chartWidth-padRight-20 {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x(t), chartHeight-padBottom+20, anchor, count(int(t)))
	}
	fmt.Fprintf(&b, `<path class="axis" d="M%.1f %.1fH%.1f"/>`, padLeft, chartHeight-padBottom, chartWidth-padRight)
	for _, k := range c.Curves {
		c.draw(&b, k, x, y, format)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // made of numbers and escaped names
}

func (c *chart) draw(b *strings.Builder, k curve, x, y func(float64) float64, format func(float64) string) {
	var path strings.Builder
	for i, p := range k.XY {
		if i == 0 {
			path.WriteByte('M')
		} else {
			path.WriteByte('L')
		}
		fmt.Fprintf(&path, "%.1f %.1f", x(p.X), y(p.Y))
	}
	class := "line " + k.class()
	if k.Faint {
		class += " faint"
	}
	if len(k.XY) > 1 {
		fmt.Fprintf(b, `<path class="%s" d="%s"/>`, class, path.String())
	}
	if !k.Dots && len(k.XY) > 1 {
		return
	}
	for _, p := range k.XY {
		fmt.Fprintf(b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="4"><title>%s: %s at step %s</title></circle>`,
			k.class(), x(p.X), y(p.Y), html.EscapeString(k.Name), html.EscapeString(format(p.Y)), count(int(p.X)))
	}
}

func (c *chart) bounds() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, k := range c.Curves {
		for _, p := range k.XY {
			if !c.Log || p.Y > 0 {
				lo, hi = min(lo, p.Y), max(hi, p.Y)
			}
		}
	}
	if lo > hi {
		return 0, 1
	}
	if c.Log {
		return max(lo, hi*1e-4), hi // the end of a decay would press the rest flat
	}
	if c.Zero {
		lo = min(lo, 0)
	}
	return lo, hi
}

// words is the chart in a sentence.
func (c *chart) words() string {
	var parts []string
	for _, k := range c.Curves {
		if k.Faint || len(k.XY) == 0 {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s from %s to %s", k.Name, number(k.XY[0].Y), number(k.XY[len(k.XY)-1].Y)))
	}
	return c.Title + ": " + strings.Join(parts, "; ")
}

// axis is a range of values and its labels.
type axis struct {
	lo, hi float64
	log    bool
	ticks  []float64
}

// place is where v stands between lo, 0, and hi, 1.
func (a *axis) place(v float64) float64 {
	if a.log {
		return math.Log(max(v, a.lo)/a.lo) / math.Log(a.hi/a.lo)
	}
	return (v - a.lo) / (a.hi - a.lo)
}

// nice returns the range widened to round numbers, with four to seven of them
// for labels: powers of ten, or multiples of 1, 2 or 5 times one.
func (a *axis) nice() (lo, hi float64, ticks []float64) {
	if a.log {
		first, last := math.Floor(math.Log10(a.lo)+1e-9), math.Ceil(math.Log10(a.hi)-1e-9)
		if last <= first {
			last = first + 1
		}
		for e := first; e <= last; e++ {
			ticks = append(ticks, math.Pow10(int(e)))
		}
		return ticks[0], ticks[len(ticks)-1], ticks
	}
	span := a.hi - a.lo
	if span <= math.Abs(a.hi)*1e-12 {
		span = max(math.Abs(a.hi)*0.2, 1e-12)
		a.lo -= span / 2
	}
	unit := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, k := range []float64{1, 2, 5, 10} {
		if span/(unit*k) <= 5 {
			unit *= k
			break
		}
	}
	from, to := math.Floor(a.lo/unit+1e-9), math.Ceil((a.lo+span)/unit-1e-9)
	for k := from; k <= to; k++ {
		ticks = append(ticks, k*unit)
	}
	return from * unit, to * unit, ticks
}

// number is a value in four digits at most.
func number(v float64) string {
	if a := math.Abs(v); v != 0 && (a >= 1e5 || a < 1e-3) {
		return scientific(v, 2)
	}
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}

// rate is a learning rate: two digits and a power of ten.
func rate(v float64) string { return scientific(v, 1) }

// scientific is v with so many digits after the point, without zeros at the end.
func scientific(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if strings.Trim(exponent, "+-0") == "" {
		return mantissa
	}
	sign := strings.TrimLeft(exponent[:1], "+")
	return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

// count is a whole number with its thousands apart.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
