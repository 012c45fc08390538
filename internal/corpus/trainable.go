package corpus

import (
	"fmt"
	"iter"
	"strings"
)

// CheckTrainable returns a *DataError unless each of the examples has a label, and
// each of two or more classes has an example.
func (c *Corpus) CheckTrainable(examples iter.Seq[int]) error {
	return CheckTrainable(c.path, c.classes, c.Label, c.ID, examples)
}

// CheckTrainable is the same for examples from elsewhere: where is that, label and name
// are an example's.
func CheckTrainable(where string, classes []string, label func(int) int, name func(int) string, examples iter.Seq[int]) error {
	counts, total := make([]int, len(classes)), 0
	for i := range examples {
		total++
		if label(i) == NoLabel {
			return fault(where, "%s has no label", name(i))
		}
		counts[label(i)]++
	}
	var found, without []string
	for k, n := range counts {
		if n > 0 {
			found = append(found, classes[k])
		} else {
			without = append(without, snippet(classes[k]))
		}
	}
	switch {
	case len(found) == 0:
		return fault(where, "no examples to train on")
	case len(found) == 1:
		all := fmt.Sprintf("all %d examples are", total)
		if total == 1 {
			all = "the only example is"
		}
		return fault(where, "%s of class %q: training needs at least two classes", all, found[0])
	case len(without) > 0:
		const most = 10
		if more := len(without) - most; more > 0 {
			without = append(without[:most], fmt.Sprintf("and %d more", more))
		}
		return fault(where, "none of the %d examples to train on is of class %s", total, strings.Join(without, ", "))
	}
	return nil
}
