package corpus

// CheckTrainable returns a *DataError unless the examples, or those given, have
// labels of at least two classes.
func (c *Corpus) CheckTrainable(examples []int) error {
	if examples == nil {
		examples = c.Indices("")
	}
	counts := make([]int, len(c.classes))
	for _, i := range examples {
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
		return fault(c.path, "all %d examples are of class %q: training needs at least two classes", len(examples), found[0])
	}
	return nil
}
