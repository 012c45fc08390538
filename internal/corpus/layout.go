package corpus

import (
	"fmt"
	"path"
	"strings"
)

// layout is where the examples of a folder or an archive lie, worked out from
// the names alone.
type layout struct {
	base   string // what stands before every name of it: "", "aclImdb/"
	groups []group
}

// group is one split: a table, or texts by class.
type group struct {
	split string // "" where there are none
	dir   string // in error messages
	table int    // index of the member, or none
	texts []textRef
	names []string // the classes' folders, indexed by textRef.class
}

// textRef is a text in a file of its own.
type textRef struct {
	member int32
	class  int32 // NoLabel outside class folders
}

// arrange finds the examples among members, which are sorted. The returned
// error has no path in it. Splits in folders come before tables, tables before
// class folders unless these are several, texts without a folder last.
func arrange(members, dirs []string) (layout, error) {
	root := newDir(members, dirs)
	var l layout
	d := root
	for len(d.dirs) == 1 && len(d.tables) == 0 {
		// An outer folder, and no class or split. Texts in it are no sign:
		// aclImdb/imdbEr.txt.
		only := d.sorted()[0]
		if splitOf(only.name) != "" || len(only.dirs)+len(only.tables) == 0 {
			break
		}
		d, l.base = only, l.base+only.name+"/"
	}
	var err error
	switch {
	case d.hasSplits():
		l.groups, err = d.splitGroups()
	case len(d.tables) > 0 && d.classes() < 2:
		l.groups, err = d.tableGroups(members)
	case d.classes() > 0:
		var g group
		g, err = d.classGroup("", "")
		l.groups = []group{g}
	case len(d.texts) > 0:
		l.groups = []group{d.flatGroup("", "")}
	default:
		err = fmt.Errorf("no examples found: looked for class folders of .txt files (pos/, neg/), " +
			"for train/ and test/ holding such, and for .csv, .tsv and .jsonl files")
	}
	return l, err
}

func (d *dir) splitGroups() ([]group, error) {
	var groups []group
	for _, split := range splitNames {
		found := ""
		for _, c := range d.sorted() {
			if splitOf(c.name) != split {
				continue
			}
			if found != "" {
				return nil, fmt.Errorf("%s/ and %s/ are both the %s split", found, c.name, split)
			}
			found = c.name
			g := c.flatGroup(split, c.name)
			if len(c.dirs) > 0 {
				var err error
				if g, err = c.classGroup(split, c.name); err != nil {
					return nil, err
				}
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// classGroup takes each folder of d as a class. Files beside the folders, such
// as aclImdb's urls_pos.txt, are no examples.
func (d *dir) classGroup(split, where string) (group, error) {
	g := group{split: split, dir: where, table: none}
	for i, c := range d.sorted() {
		before := len(g.texts)
		c.walk(func(m int32) { g.texts = append(g.texts, textRef{m, int32(i)}) })
		if len(g.texts) == before {
			return g, fmt.Errorf("class folder %q holds no .txt file", path.Join(where, c.name))
		}
		g.names = append(g.names, c.name)
	}
	return g, nil
}

func (d *dir) flatGroup(split, where string) group {
	g := group{split: split, dir: where, table: none}
	for _, m := range d.texts {
		g.texts = append(g.texts, textRef{m, NoLabel})
	}
	return g
}

// tableGroups takes the only table, or those whose names are splits.
func (d *dir) tableGroups(members []string) ([]group, error) {
	var groups []group
	var names []string
	for _, split := range splitNames {
		var found []string
		for _, m := range d.tables {
			name := path.Base(members[m])
			if splitOfTable(name) == split {
				found = append(found, name)
				groups = append(groups, group{split: split, dir: name, table: int(m)})
			}
		}
		if len(found) > 1 {
			return nil, fmt.Errorf("%s are all the %s split: give one file", strings.Join(found, ", "), split)
		}
	}
	if groups == nil {
		for _, m := range d.tables {
			names = append(names, path.Base(members[m]))
			groups = append(groups, group{dir: names[len(names)-1], table: int(m)})
		}
		if len(groups) > 1 {
			return nil, fmt.Errorf("several tables and none called train, val or test: give one of %s", strings.Join(names, ", "))
		}
	}
	return groups, nil
}
