package freeze

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
)

// Timetable says who trains when, and at which rate.
type Timetable struct {
	Rows    []Row `json:"rows"`
	Total   int   `json:"total"`    // elements of all parameters
	AtStart int   `json:"at_start"` // of those that train at the start
	AtEnd   int   `json:"at_end"`   // of those that train at the end
}

// Row is a group from a point of training on.
type Row struct {
	When   string  `json:"when"` // "start", "after epoch 1", "after step 500", "after plateau 2", "never"
	Step   int     `json:"step"` // -1 where not known beforehand
	Group  string  `json:"group"`
	Trains int     `json:"trains"` // elements that train from then on
	Of     int     `json:"of"`     // elements of the group
	Rate   float64 `json:"rate"`   // multiple of the learning rate
	Warmup int     `json:"warmup"` // steps
}

// Timetable returns the groups that train at the start, from top to bottom,
// then those that a later change adds or stops, then those that never train.
func (p *Plan) Timetable() Timetable {
	changes := p.ChangePoints()
	first, last := changes[0].Mask, changes[len(changes)-1].Mask
	t := Timetable{AtStart: first.Count(p.m.params), AtEnd: last.Count(p.m.params)}
	ever := make([]bool, len(p.m.groups))
	before := make(Mask, len(p.m.params))
	add := func(g int, c Change, when string, step int) {
		trains, of := p.elements(g, c.Mask)
		row := Row{When: when, Step: step, Group: p.m.groups[g].Name, Trains: trains, Of: of, Rate: p.rate(g)}
		if when != "start" && trains > 0 {
			row.Warmup = p.spec.WarmupSteps
		}
		t.Rows = append(t.Rows, row)
	}
	for _, c := range changes {
		for g, group := range slices.Backward(p.m.groups) {
			changed := slices.ContainsFunc(group.Params, func(i int) bool { return c.Mask[i] != before[i] })
			if changed {
				add(g, c, c.Point.String(), c.Step)
				ever[g] = true
			}
		}
		before = c.Mask
	}
	for g := range slices.Backward(p.m.groups) {
		if !ever[g] {
			add(g, changes[len(changes)-1], "never", -1)
		}
		_, of := p.elements(g, last)
		t.Total += of
	}
	return t
}

// String lays the timetable out for a terminal.
func (t Timetable) String() string {
	cells := [][]string{{"when", "step", "group", "trains", "of", "rate", "warm-up"}}
	for _, r := range t.Rows {
		step, rate, warmup := strconv.Itoa(r.Step), "×"+strconv.FormatFloat(r.Rate, 'g', 3, 64), "-"
		if r.Step < 0 {
			step = "-"
		}
		if r.Trains == 0 {
			rate = "-"
		}
		if r.Warmup > 0 {
			warmup = fmt.Sprintf("%d steps", r.Warmup)
			if r.Warmup == 1 {
				warmup = "1 step"
			}
		}
		cells = append(cells, []string{r.When, step, r.Group, humanize.Comma(int64(r.Trains)), humanize.Comma(int64(r.Of)), rate, warmup})
	}
	left := []bool{true, false, true, false, false, false, false}
	widths := make([]int, len(left))
	for _, row := range cells {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, row := range cells {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if left[i] {
				c += pad
			} else {
				c = pad + c
			}
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(c)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	fmt.Fprintf(&b, "%s of %s parameters train at the start (%s)", humanize.Comma(int64(t.AtStart)), humanize.Comma(int64(t.Total)), percent(t.AtStart, t.Total))
	if t.AtEnd != t.AtStart {
		fmt.Fprintf(&b, ", %s at the end (%s)", humanize.Comma(int64(t.AtEnd)), percent(t.AtEnd, t.Total))
	}
	b.WriteString("\n")
	return b.String()
}

// percent has a decimal, and as many more as it takes for two digits: of a large
// network a head is less than a thousandth.
func percent(n, of int) string {
	if n == 0 || of == 0 {
		return "0 %"
	}
	share := 100 * float64(n) / float64(of)
	decimals := max(1, 1-int(math.Floor(math.Log10(share))))
	return fmt.Sprintf("%.*f %%", decimals, share)
}
