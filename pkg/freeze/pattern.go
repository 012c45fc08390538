package freeze

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// matchNames returns the parameters whose names pattern matches from their
// start; if there are none, those that it matches after a first component that
// several groups share, such as the "bert." of a classifier's encoder.
func (m *model) matchNames(pattern string) (Mask, error) {
	alternatives, err := expand(pattern)
	if err != nil {
		return nil, err
	}
	matches := func(name []string) bool {
		return slices.ContainsFunc(alternatives, func(pat []string) bool { return matchStart(pat, name) })
	}
	mask := m.where(func(i int) bool { return matches(strings.Split(m.params[i].Name, ".")) })
	if mask.any() {
		return mask, nil
	}
	shared := m.sharedRoots()
	return m.where(func(i int) bool {
		root, rest, _ := strings.Cut(m.params[i].Name, ".")
		return shared[root] && matches(strings.Split(rest, "."))
	}), nil
}

// sharedRoots returns the first components of names that lie in more than one
// group.
func (m *model) sharedRoots() map[string]bool {
	group, shared := map[string]string{}, map[string]bool{}
	for _, p := range m.params {
		root, _, _ := strings.Cut(p.Name, ".")
		if g, seen := group[root]; seen && g != p.Group {
			shared[root] = true
		}
		group[root] = p.Group
	}
	return shared
}

// matchGroups returns the parameters of the groups whose whole name pattern
// matches.
func (m *model) matchGroups(pattern string) (Mask, error) {
	alternatives, err := expand(pattern)
	if err != nil {
		return nil, err
	}
	return m.inGroups(func(g int) bool {
		name := strings.Split(m.groups[g].Name, ".")
		return slices.ContainsFunc(alternatives, func(pat []string) bool { return matchWhole(pat, name) })
	}), nil
}

// matchStart reports whether pat matches the first components of name.
func matchStart(pat, name []string) bool { return match(pat, name, true) }

// matchWhole reports whether pat matches name from end to end.
func matchWhole(pat, name []string) bool { return match(pat, name, false) }

func match(pat, name []string, prefix bool) bool {
	if len(pat) == 0 {
		return prefix || len(name) == 0
	}
	if pat[0] == "**" {
		for skip := range len(name) + 1 {
			if match(pat[1:], name[skip:], prefix) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, err := path.Match(pat[0], name[0])
	return err == nil && ok && match(pat[1:], name[1:], prefix)
}

// maxAlternatives bounds what braces may stand for: no model has as many parts.
const maxAlternatives = 4096

// expand returns the patterns that the braces of pattern stand for, split into
// components, or an error where the pattern is malformed.
func expand(pattern string) ([][]string, error) {
	texts, err := expandBraces(pattern)
	if err != nil {
		return nil, err
	}
	var out [][]string
	for _, text := range texts {
		var pat []string
		for c := range strings.SplitSeq(text, ".") {
			if _, err := path.Match(c, ""); c == "" || err != nil {
				return nil, fmt.Errorf("pattern %q: malformed component %q", pattern, c)
			}
			if c != "**" || len(pat) == 0 || pat[len(pat)-1] != "**" { // "**.**" is "**"
				pat = append(pat, c)
			}
		}
		out = append(out, pat)
	}
	return out, nil
}

// expandBraces replaces {a,b} by a and by b, {2..4} by 2, 3 and 4.
func expandBraces(pattern string) ([]string, error) {
	done, todo := []string{""}, pattern
	for todo != "" {
		before, rest, found := strings.Cut(todo, "{")
		choices := []string{""}
		if found {
			inside, after, closed := strings.Cut(rest, "}")
			var err error
			if choices, err = braceChoices(inside); err != nil || !closed {
				return nil, fmt.Errorf("pattern %q: want {a,b} or {2..4} in braces", pattern)
			}
			rest = after
		}
		if strings.Contains(before, "}") || len(done)*len(choices) > maxAlternatives {
			return nil, fmt.Errorf("pattern %q: unbalanced braces, or more than %d names in them", pattern, maxAlternatives)
		}
		next := make([]string, 0, len(done)*len(choices))
		for _, d := range done {
			for _, c := range choices {
				next = append(next, d+before+c)
			}
		}
		done, todo = next, rest
	}
	return done, nil
}

func braceChoices(inside string) ([]string, error) {
	lo, hi, isRange := strings.Cut(inside, "..")
	if !isRange {
		return strings.Split(inside, ","), nil
	}
	first, err := strconv.Atoi(lo)
	if err != nil {
		return nil, err
	}
	last, err := strconv.Atoi(hi)
	if err != nil || first < 0 || last < first || last-first >= maxAlternatives {
		return nil, fmt.Errorf("range %q", inside)
	}
	var out []string
	for i := first; i <= last; i++ {
		out = append(out, strconv.Itoa(i))
	}
	return out, nil
}
