// Package plots draws what a run is looked at by: curves, the range test of
// learning rates, the timetable of freezing. Pictures come as the bytes of a
// PNG or SVG file, and small ones as text for a terminal.
package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Format is a kind of picture file.
type Format string

// The formats.
const (
	PNG Format = "png"
	SVG Format = "svg"
)

// FormatOf returns the format that a file's name asks for, or an error that
// names the ones there are.
func FormatOf(path string) (Format, error) {
	switch f := Format(strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")); f {
	case PNG, SVG:
		return f, nil
	}
	return "", fmt.Errorf("%s: want a name that ends in .png or .svg", path)
}

// Colour returns the i-th colour of lines that stand side by side: those of
// Okabe & Ito 2008, which the colour-blind can tell apart.
func Colour(i int) color.Color {
	colours := [...]color.RGBA{
		{0x00, 0x72, 0xb2, 0xff},
		{0xd5, 0x5e, 0x00, 0xff},
		{0x00, 0x9e, 0x73, 0xff},
		{0xcc, 0x79, 0xa7, 0xff},
		{0xe6, 0x9f, 0x00, 0xff},
		{0x56, 0xb4, 0xe9, 0xff},
		{0x44, 0x44, 0x44, 0xff},
	}
	return colours[i%len(colours)]
}

// The shades of what is not data.
var (
	ink   = color.RGBA{0x22, 0x26, 0x2b, 0xff} // read only
	quiet = color.RGBA{0x6b, 0x72, 0x7b, 0xff}
	grid  = color.RGBA{0xe3, 0xe6, 0xea, 0xff}
	faint = color.RGBA{0xf1, 0xf3, 0xf5, 0xff}
)

// newPlot is a plot in the house style: sans serif, a quiet frame, a grid.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	sans := func(size vg.Length) font.Font { return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size} }
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font, p.Title.TextStyle.Color, p.Title.Padding = sans(13), ink, vg.Points(6)
	p.Legend.TextStyle.Font, p.Legend.TextStyle.Color = sans(10), ink
	p.Legend.Top, p.Legend.ThumbnailWidth, p.Legend.Padding = true, vg.Points(16), vg.Points(2)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = sans(11), ink
		a.Tick.Label.Font, a.Tick.Label.Color = sans(10), quiet
		a.LineStyle.Color, a.Tick.LineStyle.Color = quiet, quiet
		a.Padding = vg.Points(4)
	}
	return p
}

// newGrid is the grid behind the data.
func newGrid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = grid, grid
	g.Horizontal.Width, g.Vertical.Width = vg.Points(0.6), vg.Points(0.6)
	return g
}

// render draws p into a file of the format, so many points wide and high.
func render(p *plot.Plot, w, h vg.Length, f Format) ([]byte, error) {
	canvas, err := newCanvas(w, h, f)
	if err != nil {
		return nil, err
	}
	// plot draws to the very edge.
	const margin = 8
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// newCanvas is a white page of the format, so many points wide and high.
func newCanvas(w, h vg.Length, f Format) (vg.CanvasWriterTo, error) {
	if f != PNG && f != SVG {
		return nil, fmt.Errorf("picture format %q, want png or svg", f)
	}
	return draw.NewFormattedCanvas(w, h, string(f))
}

// decades are the ticks of a logarithmic axis: a label at each power of ten,
// marks between them.
type decades struct{}

// Ticks is called by plot.
func (decades) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := int(math.Floor(math.Log10(lo))), int(math.Ceil(math.Log10(hi)))
	for e := first; e <= last; e++ {
		for k := 1; k <= 9; k++ {
			v, label := float64(k)*math.Pow10(e), ""
			if k == 1 {
				label = "1e" + strconv.Itoa(e)
			}
			if v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: v, Label: label})
			}
		}
	}
	return ticks
}

// line is a curve with its colour and width in points.
func line(xys plotter.XYs, c color.Color, width float64) (*plotter.Line, error) {
	l, err := plotter.NewLine(xys)
	if err != nil {
		return nil, err
	}
	l.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(width)}
	return l, nil
}

// rate is a learning rate in as few characters as say it: 5e-05, 0.001.
func rate(v float64) string { return strconv.FormatFloat(v, 'g', 2, 64) }
