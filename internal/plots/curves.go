package plots

import (
	"bytes"
	"errors"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panel is one figure over the steps of a run.
type Panel struct {
	Title  string
	Curves []Curve
	XMax   float64 // the run's steps
	Zero   bool    // the y axis begins at 0
	Log    bool    // the y axis; all values are above 0
}

// Curve is a line of a panel.
type Curve struct {
	Name   string // "": not in the legend
	X, Y   []float64
	Colour int
	Faint  bool // thin, behind
	Dots   bool // a dot at each point
}

// Curves draws panels two in a row, 560 by 300 points each.
func Curves(panels []Panel, f Format) ([]byte, error) {
	if len(panels) == 0 {
		return nil, errors.New("curves: nothing to draw")
	}
	const width, height = vg.Length(560), vg.Length(300)
	columns := min(len(panels), 2)
	rows := (len(panels) + columns - 1) / columns
	canvas, err := newCanvas(vg.Length(columns)*width, vg.Length(rows)*height, f)
	if err != nil {
		return nil, err
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadTop: 8, PadBottom: 8, PadLeft: 8, PadRight: 12, PadX: 16, PadY: 16}
	for i, panel := range panels {
		p, err := panel.plot()
		if err != nil {
			return nil, err
		}
		p.Draw(tiles.At(draw.New(canvas), i%columns, i/columns))
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (panel Panel) plot() (*plot.Plot, error) {
	p := newPlot(panel.Title, "step", "")
	p.Add(newGrid())
	drawn := false
	for _, k := range panel.Curves {
		if len(k.X) == 0 || len(k.X) != len(k.Y) {
			continue
		}
		drawn = true
		xys := make(plotter.XYs, len(k.X))
		for i := range xys {
			xys[i].X, xys[i].Y = k.X[i], k.Y[i]
		}
		width, c := 1.8, Colour(k.Colour)
		if k.Faint {
			width, c = 0.7, pale(c)
		}
		l, err := line(xys, c, width)
		if err != nil {
			return nil, err
		}
		p.Add(l)
		if k.Dots || len(xys) == 1 {
			dots, err := plotter.NewScatter(xys)
			if err != nil {
				return nil, err
			}
			dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
		if k.Name != "" {
			p.Legend.Add(k.Name, l)
		}
	}
	if !drawn {
		return nil, errors.New("curves: " + panel.Title + ": nothing to draw")
	}
	p.X.Min, p.X.Max = 0, max(panel.XMax, 1)
	if panel.Log {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	} else if panel.Zero {
		p.Y.Min = min(p.Y.Min, 0)
	}
	// Above the data there is room for the legend.
	if !panel.Log {
		p.Y.Max += 0.12 * (p.Y.Max - p.Y.Min)
	}
	return p, nil
}

// pale is a colour on white at a third of its strength.
func pale(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	mix := func(v uint32) uint8 { return uint8((v>>8 + 2*255) / 3) }
	return color.RGBA{mix(r), mix(g), mix(b), 255}
}
