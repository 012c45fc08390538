package plots

import (
	"fmt"
	"math"
	"strings"
)

// Text draws ys, evenly spaced in x, as rows of characters for a terminal: a
// chart so many columns wide and rows high, its highest and lowest value at the
// left, the labels of its first and last point below. Values that are not
// finite leave a gap. It returns "" where there is none to draw.
func Text(ys []float64, columns, rows int, first, last string, value func(float64) string) string {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, y := range ys {
		if !math.IsNaN(y) && !math.IsInf(y, 0) {
			lo, hi = min(lo, y), max(hi, y)
		}
	}
	if lo > hi || columns < 2 || rows < 2 {
		return ""
	}
	if hi == lo {
		rows = 1 // nothing rises or falls
	}
	cells := make([][]rune, rows)
	for i := range cells {
		cells[i] = []rune(strings.Repeat(" ", columns))
	}
	// Each cell is two halves high: half blocks double the resolution.
	halves := 2 * rows
	for c := range columns {
		y := at(ys, float64(c)/float64(columns-1))
		if math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		h := 0
		if hi > lo {
			h = int(math.Round((y - lo) / (hi - lo) * float64(halves-1)))
		}
		mark := '▄'
		if h%2 == 1 {
			mark = '▀'
		}
		cells[rows-1-h/2][c] = mark
	}
	top, bottom := value(hi), value(lo)
	width := max(len([]rune(top)), len([]rune(bottom)))
	var b strings.Builder
	for i, row := range cells {
		label := ""
		switch i {
		case 0:
			label = top
		case rows - 1:
			label = bottom
		}
		fmt.Fprintf(&b, "%*s │%s\n", width, label, strings.TrimRight(string(row), " "))
	}
	gap := max(columns-len([]rune(first))-len([]rune(last)), 1)
	fmt.Fprintf(&b, "%*s └%s\n%*s  %s%s%s\n", width, "", strings.Repeat("─", columns), width, "", first, strings.Repeat(" ", gap), last)
	return b.String()
}

// at is ys between its points: t in [0,1] from the first to the last. Beside a
// value that is not finite it is the nearer point's.
func at(ys []float64, t float64) float64 {
	x := t * float64(len(ys)-1)
	i := min(int(x), len(ys)-1)
	j := min(i+1, len(ys)-1)
	f := x - float64(i)
	if a, b := ys[i], ys[j]; f > 0 && !math.IsInf(a, 0) && !math.IsInf(b, 0) && !math.IsNaN(a+b) {
		return a + f*(b-a)
	}
	if f < 0.5 {
		return ys[i]
	}
	return ys[j]
}
