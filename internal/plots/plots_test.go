package plots_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/plots"
	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
)

// sweep is a range test of a model that learns around 1e-3.
func sweep(t *testing.T, falls bool) *schedule.RangeReport {
	t.Helper()
	test, err := schedule.NewRangeTest(schedule.RangeTestOptions{Lo: 1e-6, Hi: 1, Steps: 100})
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for k := 0; k < test.Steps() && !test.Diverged(losses); k++ {
		x := math.Log10(test.At(k))
		loss := 0.7 + 0.02*math.Sin(float64(7*k))
		if falls {
			loss += -0.5/(1+math.Exp(-4*(x+3))) + 20/(1+math.Exp(-6*(x+0.5)))
		}
		losses = append(losses, loss)
	}
	r, err := test.Report(losses)
	if falls != (err == nil) {
		t.Fatal(err)
	}
	if r == nil {
		r = &schedule.RangeReport{}
		for k, l := range losses {
			r.Points = append(r.Points, schedule.RangePoint{Rate: test.At(k), Loss: l, Smoothed: 0.7})
		}
	}
	return r
}

func lanes(t *testing.T) ([]int, []plots.Lane) {
	t.Helper()
	var params []freeze.Param
	for _, g := range []string{"embeddings", "layer.0", "layer.1", "layer.2", "head"} {
		params = append(params, freeze.Param{Name: g + ".weight", Group: g, Numel: 10})
	}
	policy, err := freeze.Parse("", "head@0,layer.2@1,layer.1@2")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := freeze.Compile(params, freeze.Spec{Policy: policy, StepsPerEpoch: 50, Epochs: 4, Rates: schedule.LayerDecay(5, 0.5)})
	if err != nil {
		t.Fatal(err)
	}
	lr, err := schedule.Parse("linear", schedule.Options{LR: 5e-5, Steps: 200, Warmup: schedule.Warmup{Steps: 20}})
	if err != nil {
		t.Fatal(err)
	}
	return plots.Lanes(plan, lr, 50, 200, 101, nil)
}

// keep writes a picture where GOTUNE_PLOTS says, to be looked at.
func keep(t *testing.T, name string, data []byte) {
	if dir := os.Getenv("GOTUNE_PLOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A PNG decodes, and holds the lines' own colours; an SVG is well-formed and has
// the words.
func TestPictures(t *testing.T) {
	at, ls := lanes(t)
	for name, c := range map[string]struct {
		draw  func(plots.Format) ([]byte, error)
		ink   []color.Color
		words []string
	}{
		"range": {
			func(f plots.Format) ([]byte, error) { return plots.RangeTest(sweep(t, true), "range test", f) },
			[]color.Color{plots.Colour(0)},
			[]string{"learning rate", "steepest: ", "1e-3"},
		},
		"flat": {
			func(f plots.Format) ([]byte, error) { return plots.RangeTest(sweep(t, false), "no fall", f) },
			[]color.Color{plots.Colour(0)},
			[]string{"no fall", "smoothed"},
		},
		"timetable": {
			func(f plots.Format) ([]byte, error) { return plots.Timetable(at, ls, 200, 50, f) },
			nil,
			[]string{"embeddings", "frozen", "layer.2", "≤ 5e-05"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := c.draw(plots.PNG)
			if err != nil {
				t.Fatal(err)
			}
			keep(t, name+".png", data)
			m, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[color.RGBA]int{}
			for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y++ {
				for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x++ {
					seen[color.RGBAModel.Convert(m.At(x, y)).(color.RGBA)]++
				}
			}
			for _, want := range c.ink {
				if seen[color.RGBAModel.Convert(want).(color.RGBA)] < 20 {
					t.Errorf("nothing is drawn in %v", want)
				}
			}
			svg, err := c.draw(plots.SVG)
			if err != nil {
				t.Fatal(err)
			}
			keep(t, name+".svg", svg)
			for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			for _, w := range c.words {
				if !bytes.Contains(svg, []byte(w)) {
					t.Errorf("no %q in the picture", w)
				}
			}
		})
	}
}

func TestNothingToDraw(t *testing.T) {
	if _, err := plots.RangeTest(&schedule.RangeReport{}, "", plots.PNG); err == nil {
		t.Error("a range test without points was drawn")
	}
	if _, err := plots.Timetable(nil, nil, 0, 0, plots.PNG); err == nil {
		t.Error("a timetable without lanes was drawn")
	}
	at, ls := lanes(t)
	if _, err := plots.Timetable(at, ls, 200, 50, "bmp"); err == nil {
		t.Error("a format that there is none of was drawn")
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]plots.Format{"a.png": plots.PNG, "b/C.SVG": plots.SVG, "c.gif": "", "d": ""} {
		if got, err := plots.FormatOf(path); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

// The lanes say what plan and schedule say, and meet every change.
func TestLanes(t *testing.T) {
	at, ls := lanes(t)
	if len(at) < 101 || at[0] != 0 || at[len(at)-1] != 199 {
		t.Fatalf("steps %v", at)
	}
	began := map[string]int{}
	for _, l := range ls {
		began[l.Group] = -1
		for k, r := range l.Rates {
			if r > 0 && began[l.Group] < 0 {
				began[l.Group] = at[k]
			}
		}
	}
	want := map[string]int{"embeddings": -1, "layer.0": -1, "layer.1": 100, "layer.2": 50, "head": 2}
	// The warm-up begins at 0, which no lane can be told from a frozen one by.
	if began["head"] < 1 || began["head"] > 2 {
		t.Errorf("the head begins at step %d", began["head"])
	}
	began["head"] = 2
	if d := cmp.Diff(want, began); d != "" {
		t.Error(d)
	}
}

// Pictures are drawn beside one another: a report makes several.
func TestConcurrently(t *testing.T) {
	at, ls := lanes(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := plots.Timetable(at, ls, 200, 50, plots.PNG); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestText(t *testing.T) {
	value := func(v float64) string { return strconv.FormatFloat(v, 'g', 2, 64) }
	got := plots.Text([]float64{0, 1, 2, 3, 5, 3, 2, 1, 0, 0}, 10, 3, "first", "last", value)
	want := strings.Join([]string{
		"5 │    ▀",
		"  │  ▄▀ ▀▄",
		"0 │▄▀     ▀▄▄",
		"  └──────────",
		"   first last",
	}, "\n") + "\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	gap := plots.Text([]float64{1, math.NaN(), 1}, 3, 2, "", "", value)
	if strings.Count(gap, "▄") != 2 {
		t.Errorf("a value that is none is drawn:\n%s", gap)
	}
	for name, ys := range map[string][]float64{"none": nil, "not finite": {math.Inf(1), math.NaN()}} {
		if got := plots.Text(ys, 10, 3, "a", "b", value); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := plots.Text([]float64{2}, 4, 2, "a", "b", value); strings.Count(got, "▄") != 4 {
		t.Errorf("one value:\n%s", got)
	}
}
