package imageset

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// group is one split, or all where there are none: class folders below dir.
type group struct {
	split int8
	dir   string // "" or "train", below the base
	// classes are the folders in dir, sorted; pictures are of each.
	classes  []string
	pictures [][]int32
	outside  []int32 // pictures in dir itself
}

// layout works out from the names alone which pictures belong to which class.
type layout struct {
	base   string // the outer folder: "" or "photos-main/"
	groups []group
	beside []int32  // pictures that are in none of the splits
	top    []string // the folders in base
}

// placeholders tells whether the folders of g may be no classes, as a test split's
// test/unknown beside what the model is trained on.
func (l layout) placeholders(g group) bool {
	return len(l.groups) > 1 && g.split == splitOf("test")
}

// arrange finds splits and classes in a store. Of the returned groups one
// without classes holds loose pictures only. Where what is a split is uncertain,
// the error says so, and the layout has no groups.
func arrange(s store) (layout, error) {
	var l layout
	top := children(s, "")
	// Archives often hold one outer folder; one that is itself a split or holds
	// pictures of its own is none.
	for len(top) == 1 && splitOf(top[0]) == none && !holdsPictures(s, l.base) {
		below := children(s, l.base+top[0]+"/")
		if len(below) == 0 {
			break
		}
		l.base += top[0] + "/"
		top = below
	}
	for split, name := range splitNames {
		var found []string
		for _, dir := range top {
			if splitOf(dir) == int8(split) && len(children(s, l.base+dir+"/")) > 0 {
				found = append(found, dir)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			l.groups = append(l.groups, gather(s, l.base, found[0], int8(split)))
		default:
			l.groups = nil
			return l, fmt.Errorf("%s/ and %s/ are both the %s split", found[0], found[1], name)
		}
	}
	l.top = top
	if len(l.groups) == 0 {
		l.groups = []group{gather(s, l.base, "", none)}
		return l, nil
	}
	for i, name := range s.names() {
		dir, _, below := strings.Cut(strings.TrimPrefix(name, l.base), "/")
		if !below || !slices.ContainsFunc(l.groups, func(g group) bool { return g.dir == dir }) {
			l.beside = append(l.beside, int32(i))
		}
	}
	return l, nil
}

// children returns the folders directly below prefix, sorted: those that hold a
// picture somewhere, and those that the store knows to exist.
func children(s store, prefix string) []string {
	seen := map[string]bool{}
	add := func(name string, isDir bool) {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			return
		}
		dir, _, below := strings.Cut(rest, "/")
		if (below || isDir) && dir != "" {
			seen[dir] = true
		}
	}
	for _, name := range s.names() {
		add(name, false)
	}
	for _, d := range s.dirs() {
		add(d, true)
	}
	var out []string
	for dir := range seen {
		out = append(out, dir)
	}
	slices.Sort(out)
	return out
}

// holdsPictures tells whether pictures lie in the folder prefix itself.
func holdsPictures(s store, prefix string) bool {
	for _, name := range s.names() {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, "/") {
			return true
		}
	}
	return false
}

// gather sorts the pictures below base/dir into its class folders. Folders
// within a class belong to it.
func gather(s store, base, dir string, split int8) group {
	g := group{split: split, dir: dir}
	prefix := base
	if dir != "" {
		prefix += dir + "/"
	}
	g.classes = children(s, prefix)
	g.pictures = make([][]int32, len(g.classes))
	for i, name := range s.names() {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		class, _, below := strings.Cut(rest, "/")
		if !below {
			g.outside = append(g.outside, int32(i))
			continue
		}
		if k, ok := slices.BinarySearch(g.classes, class); ok {
			g.pictures[k] = append(g.pictures[k], int32(i))
		}
	}
	return g
}

// emptyClass returns the path of a class folder without pictures, or "".
func (g group) emptyClass() string {
	for k, p := range g.pictures {
		if len(p) == 0 {
			return path.Join(g.dir, g.classes[k])
		}
	}
	return ""
}
