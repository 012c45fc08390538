package corpus

import (
	"path"
	"slices"
	"strings"
)

// dir is a folder with what counts in it.
type dir struct {
	name   string
	dirs   map[string]*dir
	texts  []int32 // members, in order
	tables []int32
}

func (d *dir) child(name string) *dir {
	c := d.dirs[name]
	if c == nil {
		if d.dirs == nil {
			d.dirs = map[string]*dir{}
		}
		c = &dir{name: name}
		d.dirs[name] = c
	}
	return c
}

func (d *dir) descendant(name string) *dir {
	if name == "." || name == "" {
		return d
	}
	for elem := range strings.SplitSeq(name, "/") {
		d = d.child(elem)
	}
	return d
}

// sorted returns the folders in d by name.
func (d *dir) sorted() []*dir {
	var out []*dir
	for _, c := range d.dirs {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *dir) int { return strings.Compare(a.name, b.name) })
	return out
}

// walk calls f for every text in d and below.
func (d *dir) walk(f func(member int32)) {
	for _, m := range d.texts {
		f(m)
	}
	for _, c := range d.sorted() {
		c.walk(f)
	}
}

func (d *dir) hasTexts() bool {
	if len(d.texts) > 0 {
		return true
	}
	for _, c := range d.dirs {
		if c.hasTexts() {
			return true
		}
	}
	return false
}

// newDir makes a tree of the members; dirs adds folders in which there may be
// none.
func newDir(members, dirs []string) *dir {
	root := &dir{}
	for _, name := range dirs {
		if !isIgnoredPath(name) {
			root.descendant(name)
		}
	}
	last, lastName := root, "."
	for i, name := range members {
		if p := path.Dir(name); p != lastName {
			last, lastName = root.descendant(p), p
		}
		if k, _ := kindOf(name); k.isTable() {
			last.tables = append(last.tables, int32(i))
		} else {
			last.texts = append(last.texts, int32(i))
		}
	}
	return root
}

// classes counts the folders that hold texts.
func (d *dir) classes() int {
	n := 0
	for _, c := range d.dirs {
		if c.hasTexts() {
			n++
		}
	}
	return n
}

// hasSplits tells whether a folder of d is a split with class folders in it.
func (d *dir) hasSplits() bool {
	for name, c := range d.dirs {
		if splitOf(name) != "" && c.classes() > 0 {
			return true
		}
	}
	return false
}
