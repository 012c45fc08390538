package hub

import (
	"cmp"
	"slices"
	"strings"
)

// near returns up to three names of the manifest that look like the reference,
// the nearest first.
func near(ref string) []string {
	entries, err := Manifest()
	if err != nil {
		return nil
	}
	id, _, _ := strings.Cut(strings.ToLower(ref), "@")
	id = id[strings.LastIndexByte(id, '/')+1:]
	if id == "" {
		return nil
	}
	type match struct {
		name     string
		distance int
	}
	var matches []match
	for _, e := range entries {
		d := editDistance(id, e.Name)
		// A part of a name, as in "bert-base", is near however long the rest is.
		if len(id) > 3 && strings.Contains(e.Name, id) {
			d = min(d, 1)
		}
		if d <= max(1, len(id)/4) {
			matches = append(matches, match{e.Name, d})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, m := range matches[:min(3, len(matches))] {
		names = append(names, m.name)
	}
	return names
}

// editDistance is Levenshtein's, over bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
