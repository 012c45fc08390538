package corpus

import "iter"

// CheckTrainable returns a *DataError unless the examples have labels of at least
// two classes.
func (c *Corpus) CheckTrainable(examples iter.Seq[int]) error {
	counts, total := make([]int, len(c.classes)), 0
	for i := range examples {
		total++
		if c.Label(i) == NoLabel {
			return fault(c.path, "%s has no label", c.ID(i))
		}
		counts[c.Label(i)]++
	}
	var found []string
	for k, n := range counts {
		if n > 0 {
			found = append(found, c.classes[k])
		}
	}
	switch len(found) {
	case 0:
		return fault(c.path, "no examples to train on")
	case 1:
		return fault(c.path, "all %d examples are of class %q: training needs at least two classes", total, found[0])
	}
	return nil
}
