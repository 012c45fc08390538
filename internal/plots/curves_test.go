package plots

import (
	"bytes"
	"image/png"
	"testing"
)

// Panels stand two in a row, each with its curves in their colours.
func TestCurves(t *testing.T) {
	panel := Panel{Title: "loss", XMax: 100, Curves: []Curve{
		{X: []float64{1, 50, 100}, Y: []float64{3, 2.5, 1}, Faint: true},
		{Name: "training", X: []float64{1, 50, 100}, Y: []float64{3, 2, 1}},
		{Name: "validation", Colour: 1, Dots: true, X: []float64{50}, Y: []float64{2}},
		{Name: "nothing yet"},
	}}
	for n, want := range map[int][2]int{1: {560, 300}, 2: {1120, 300}, 3: {1120, 600}} {
		var panels []Panel
		for range n {
			panels = append(panels, panel)
		}
		data, err := Curves(panels, PNG)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		// 96 pixels to the inch, which has 72 points.
		if got := m.Bounds().Size(); got.X < want[0]*4/3 || got.X > want[0]*4/3+1 || got.Y != want[1]*4/3 {
			t.Errorf("%d panels: %v pixels, want %v points", n, got, want)
		}
		found := map[int]bool{}
		for x := range m.Bounds().Dx() {
			for y := range m.Bounds().Dy() {
				for c := range 2 {
					r, g, b, _ := m.At(x, y).RGBA()
					wr, wg, wb, _ := Colour(c).RGBA()
					found[c] = found[c] || r == wr && g == wg && b == wb
				}
			}
		}
		if !found[0] || !found[1] {
			t.Errorf("%d panels: the curves' colours are not all there: %v", n, found)
		}
	}
	again, err := Curves([]Panel{panel}, PNG)
	if err != nil {
		t.Fatal(err)
	}
	if once, err := Curves([]Panel{panel}, PNG); err != nil || !bytes.Equal(once, again) {
		t.Errorf("the same panels make two pictures, or %v", err)
	}
	if _, err := Curves([]Panel{{Title: "empty"}}, PNG); err == nil {
		t.Error("a panel without curves is drawn")
	}
	if _, err := Curves(nil, PNG); err == nil {
		t.Error("no panels are drawn")
	}
	if _, err := Curves([]Panel{panel}, "gif"); err == nil {
		t.Error("a GIF is drawn")
	}
}
