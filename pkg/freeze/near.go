package freeze

import (
	"cmp"
	"slices"
	"strings"
)

// near returns ", near: a, b, c" with those of candidates that take the fewest
// edits to become what was written, or "" where none comes close.
func near(written string, candidates []string) string {
	type scored struct {
		name string
		far  int
	}
	var found []scored
	seen := map[string]bool{}
	for _, c := range candidates {
		if seen[c] {
			continue
		}
		seen[c] = true
		if d := distance(written, c); d <= max(2, len(written)/3) {
			found = append(found, scored{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(a.far, b.far) })
	if len(found) == 0 {
		return ""
	}
	var names []string
	for _, s := range found[:min(3, len(found))] {
		names = append(names, s.name)
	}
	return ", near: " + strings.Join(names, ", ")
}

// distance is the number of bytes to insert, delete, replace or swap with their
// neighbour that turns a into b (optimal string alignment).
func distance(a, b string) int {
	// Rows of the table for the prefixes of a that end two before, one before
	// and at i.
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func (m *model) groupNames() []string {
	names := make([]string, len(m.groups))
	for i, g := range m.groups {
		names[i] = g.Name
	}
	return names
}

// namesNear returns every start of a parameter's name, with and without a
// shared first component: what a user may have meant to write.
func (m *model) namesNear() []string {
	shared := m.sharedRoots()
	seen := map[string]bool{}
	var names []string
	add := func(name string) {
		for i := 0; i <= len(name); i++ {
			if i < len(name) && name[i] != '.' || seen[name[:i]] {
				continue
			}
			seen[name[:i]] = true
			names = append(names, name[:i])
		}
	}
	for _, p := range m.params {
		add(p.Name)
		if root, rest, ok := strings.Cut(p.Name, "."); ok && shared[root] {
			add(rest)
		}
	}
	return names
}
