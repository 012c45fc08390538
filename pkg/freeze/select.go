package freeze

import (
	"fmt"
	"strings"
	"unicode"
)

// selection is a set of parameters that does not change with time. One that
// selects nothing is a fault: a name is misspelt or the model has no such part.
type selection struct {
	flag string // where it was written, for the error
	pick func(m *model) (Mask, error)
}

func (s selection) bind(b *binder) bound {
	mask, err := s.pick(b.model)
	if err != nil {
		if s.flag != "" {
			err = fmt.Errorf("%s: %w", s.flag, err)
		}
		b.faults = append(b.faults, err)
		mask = make(Mask, len(b.params))
	}
	return func(Progress) Mask { return mask }
}

// some makes a policy of a selection that is to find at least one parameter.
func some(what string, pick func(m *model) Mask) Policy {
	return Policy{selection{pick: func(m *model) (Mask, error) {
		mask := pick(m)
		if !mask.any() {
			return nil, fmt.Errorf("the model has no %s", what)
		}
		return mask, nil
	}}}
}

// All selects every parameter.
func All() Policy {
	return Policy{selection{pick: func(m *model) (Mask, error) {
		return m.where(func(int) bool { return true }), nil
	}}}
}

// None selects no parameter.
func None() Policy {
	return Policy{selection{pick: func(m *model) (Mask, error) {
		return make(Mask, len(m.params)), nil
	}}}
}

// Names selects the parameters whose names one of patterns matches.
//
// A pattern stands for whole components of the name from its start, so that
// "encoder.layer.1" selects "encoder.layer.1.output.dense.weight" and not
// "encoder.layer.10…". Within a component *, ? and [0-5] are as in path.Match;
// the component ** stands for any number of components; {0..11} and {a,b} stand
// for each in turn. Where nothing matches from the start, a first component
// that several groups share ("bert.") may be left out.
func Names(patterns ...string) Policy {
	return each(patterns, func(m *model, pattern string) (Mask, error) {
		mask, err := m.matchNames(pattern)
		if err == nil && !mask.any() {
			err = fmt.Errorf("%q matches no parameter%s", pattern, near(pattern, m.namesNear()))
		}
		return mask, err
	})
}

// Groups selects the parameters of the groups that one of patterns matches
// entirely; the patterns are those of Names.
func Groups(patterns ...string) Policy {
	return each(patterns, func(m *model, pattern string) (Mask, error) {
		mask, err := m.matchGroups(pattern)
		if err == nil && !mask.any() {
			err = fmt.Errorf("%q matches no group%s", pattern, near(pattern, m.groupNames()))
		}
		return mask, err
	})
}

// named selects what a word of a flag means: groups, else names.
func named(flag, pattern string) Policy {
	return Policy{selection{flag: flag, pick: func(m *model) (Mask, error) {
		mask, err := m.matchGroups(pattern)
		if err != nil || mask.any() {
			return mask, err
		}
		if mask, err = m.matchNames(pattern); err == nil && !mask.any() {
			candidates := append(append(m.groupNames(), keywords()...), m.namesNear()...)
			err = fmt.Errorf("%q matches no group and no parameter%s", pattern, near(pattern, candidates))
		}
		return mask, err
	}}}
}

// each is the union of one selection per pattern, so that each that matches
// nothing is named.
func each(patterns []string, pick func(m *model, pattern string) (Mask, error)) Policy {
	all := make([]Policy, len(patterns))
	for i, pattern := range patterns {
		all[i] = Policy{selection{pick: func(m *model) (Mask, error) { return pick(m, pattern) }}}
	}
	return Or(all...)
}

// First selects the n lowest groups; Last selects the n highest. More than the
// model has is a fault.
func First(n int) Policy { return end("first", n, func(groups, g int) bool { return g < n }) }

// Last selects the n highest groups: Last(1) is the head.
func Last(n int) Policy { return end("last", n, func(groups, g int) bool { return g >= groups-n }) }

func end(which string, n int, chosen func(groups, g int) bool) Policy {
	return Policy{selection{pick: func(m *model) (Mask, error) {
		if n < 1 || n > len(m.groups) {
			return nil, fmt.Errorf("the %s %d groups: the model has %d (%s)", which, n, len(m.groups), strings.Join(m.groupNames(), ", "))
		}
		return m.inGroups(func(g int) bool { return chosen(len(m.groups), g) }), nil
	}}}
}

// Embeddings selects the parameters that lie in a group or a module called
// embeddings.
func Embeddings() Policy {
	return some("embeddings", func(m *model) Mask {
		return m.where(func(i int) bool {
			p := m.params[i]
			return p.Group == "embeddings" || strings.Contains("."+p.Name+".", ".embeddings.")
		})
	})
}

// Blocks selects the numbered groups: block1, block2, …, not the head.
func Blocks() Policy {
	return some("numbered groups", func(m *model) Mask {
		return m.inGroups(func(g int) bool {
			name := []rune(m.groups[g].Name)
			return len(name) > 0 && unicode.IsDigit(name[len(name)-1])
		})
	})
}

// Norms selects the scales and shifts of normalisation layers.
func Norms() Policy {
	return some("normalisation layers", func(m *model) Mask {
		return m.where(func(i int) bool { return m.params[i].Norm })
	})
}

// Biases selects the biases.
func Biases() Policy {
	return some("biases", func(m *model) Mask {
		return m.where(func(i int) bool { return m.params[i].Bias })
	})
}

// Where selects the parameters for which keep, a pure function, holds.
func Where(keep func(Param) bool) Policy {
	return Policy{selection{pick: func(m *model) (Mask, error) {
		return m.where(func(i int) bool { return keep(m.params[i]) }), nil
	}}}
}
