package corpus

import (
	"fmt"
	"iter"
	"strings"
)

// CheckTrainable returns a *DataError unless each of the examples has a label, and
// each of two or more classes has an example.
func (c *Corpus) CheckTrainable(examples iter.Seq[int]) error {
	counts, total := make([]int, len(c.classes)), 0
	for i := range examples {
		total++
		if c.Label(i) == NoLabel {
			return fault(c.path, "%s has no label", c.ID(i))
		}
		counts[c.Label(i)]++
	}
	var found, without []string
	for k, n := range counts {
		if n > 0 {
			found = append(found, c.classes[k])
		} else {
			without = append(without, snippet(c.classes[k]))
		}
	}
	switch {
	case len(found) == 0:
		return fault(c.path, "no examples to train on")
	case len(found) == 1:
		all := fmt.Sprintf("all %d examples are", total)
		if total == 1 {
			all = "the only example is"
		}
		return fault(c.path, "%s of class %q: training needs at least two classes", all, found[0])
	case len(without) > 0:
		const most = 10
		if more := len(without) - most; more > 0 {
			without = append(without[:most], fmt.Sprintf("and %d more", more))
		}
		return fault(c.path, "none of the %d examples to train on is of class %s", total, strings.Join(without, ", "))
	}
	return nil
}
