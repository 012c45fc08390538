package imageset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gotune/gotune/internal/column"
)

// labelColumn is a list's labels, numbered as they appear.
type labelColumn struct {
	numbers column.Ints // of each row; NoLabel where it has none
	ids     map[string]int
	values  []string // by number
	lines   []int    // that had it first
}

func (c *labelColumn) add(label string, line int) {
	id, ok := c.ids[label]
	switch {
	case label == "":
		id = NoLabel
	case !ok:
		if c.ids == nil {
			c.ids = map[string]int{}
		}
		label = strings.Clone(label) // and not the row that it is a part of
		id = len(c.values)
		c.ids[label], c.values, c.lines = id, append(c.values, label), append(c.lines, line)
	}
	c.numbers.Append(id)
}

// takeLabels turns a list's labels into classes and items.
func (s *Set) takeLabels(labels *labelColumn, o Options) error {
	found := slices.Sorted(slices.Values(labels.values))
	sortNumbers(found)
	if s.classes = found; o.Classes != nil {
		s.classes = slices.Clone(o.Classes)
	} else if len(found) == 1 && !o.LabelsOptional {
		return fault(s.where, "one class only, %q: there is nothing to tell apart", found[0])
	}
	index := make(map[string]int, len(s.classes))
	for i, c := range s.classes {
		index[c] = i
	}
	class := make([]int, len(labels.values))
	for n, label := range labels.values {
		k, ok := index[label]
		if !ok && !o.LabelsOptional {
			return fault(fmt.Sprintf("%s:%d", s.where, labels.lines[n]), "label %q is none of the %d classes: %s",
				label, len(s.classes), listed(s.classes))
		}
		if !ok {
			k = NoLabel
		}
		class[n] = k
	}
	for i := range labels.numbers.Len() {
		k := NoLabel
		if n := labels.numbers.At(i); n != NoLabel {
			k = class[n]
		}
		s.items.add(i, k, none)
	}
	return nil
}

// sortNumbers puts labels that are all whole numbers in their own order: 10
// after 9.
func sortNumbers(labels []string) {
	for _, l := range labels {
		if _, err := strconv.ParseInt(l, 10, 64); err != nil {
			return
		}
	}
	slices.SortStableFunc(labels, func(a, b string) int {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		if x != y && x < y {
			return -1
		} else if x > y {
			return 1
		}
		return strings.Compare(a, b)
	})
}
