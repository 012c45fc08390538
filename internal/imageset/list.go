package imageset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// openList reads a table of paths and labels, row by row.
func (s *Set) openList(k kind, o Options) error {
	if o.Split != "" {
		return fault(s.where, "--split %s: a list has no splits", o.Split)
	}
	var (
		l       = &loose{where: s.where, list: true}
		labels  labelColumn
		cols    columns
		rows    int
		present bool // any of the files
	)
	for r, err := range listRows(s.where, k) {
		if err != nil {
			return err
		}
		if rows++; rows == 1 {
			var header bool
			if cols, header, err = findColumns(r.cells, o); err != nil {
				return &DataError{s.where, err}
			}
			if header {
				continue
			}
		}
		name, label, err := cols.of(r, o)
		if err != nil {
			return &DataError{fmt.Sprintf("%s:%d", s.where, r.line), err}
		}
		m := member{name: filepath.ToSlash(name)}
		if info, err := os.Stat(l.onDisk(m.name)); err == nil && info.Mode().IsRegular() {
			m.size, m.changed = info.Size(), info.ModTime()
			present = true
		}
		l.add(m)
		l.lines.Append(r.line)
		labels.add(label, r.line)
	}
	switch {
	case rows == 0:
		return fault(s.where, "empty file")
	case l.len() == 0:
		return fault(s.where, "a header and no rows")
	case !present:
		// One missing file is a bad file, which reading it will say. All missing is a
		// list in the wrong folder.
		return fault(l.in(0), "no such file, nor any of the others: paths are relative to the list's folder")
	}
	s.store = l
	return s.takeLabels(&labels, o)
}

// columns are where a row has its path and its label; label is none where a list
// without labels will do.
type columns struct{ path, label int }

// Usual names, the likeliest first.
var (
	pathNames  = [...]string{"path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "name"}
	labelNames = [...]string{"label", "class", "category", "target", "class_name", "y"}
)

// findColumns decides whether the first row is a header, and which columns to
// read. Without a header they are the first and the second.
func findColumns(first []string, o Options) (columns, bool, error) {
	c := columns{none, none}
	names := make([]string, len(first))
	for i, cell := range first {
		names[i] = strings.ToLower(strings.TrimSpace(cell))
	}
	// A header has no picture in it.
	header := !slices.ContainsFunc(first, func(cell string) bool { return isImage(strings.TrimSpace(cell)) })
	find := func(wanted string, usual []string, place int) (int, error) {
		if wanted != "" {
			if i := slices.Index(names, strings.ToLower(wanted)); header && i >= 0 {
				return i, nil
			}
			if n, err := strconv.Atoi(wanted); err == nil && n >= 1 && n <= len(first) {
				return n - 1, nil
			}
			return none, fmt.Errorf("no column %q; there are %s", wanted, strings.Join(first, ", "))
		}
		if header {
			for _, u := range usual {
				if i := slices.Index(names, u); i >= 0 {
					return i, nil
				}
			}
		}
		if place < len(first) && (!header || len(first) == 2) {
			return place, nil
		}
		return none, nil
	}
	var err error
	if c.path, err = find(o.PathColumn, pathNames[:], 0); err != nil {
		return c, header, err
	}
	if c.label, err = find(o.LabelColumn, labelNames[:], 1); err != nil {
		return c, header, err
	}
	switch {
	case c.path == none && len(first) == 1:
		c.path = 0
	case c.path == none:
		return c, header, fmt.Errorf("which column holds the paths? There are %s; call it path", strings.Join(first, ", "))
	}
	if c.label == none && !o.LabelsOptional {
		return c, header, fmt.Errorf("which column holds the labels? There are %s; call it label", strings.Join(first, ", "))
	}
	if c.label == c.path {
		return c, header, fmt.Errorf("column %d would be both path and label", c.path+1)
	}
	return c, header, nil
}

// of takes path and label from a row.
func (c columns) of(r row, o Options) (name, label string, err error) {
	if n := max(c.path, c.label) + 1; len(r.cells) < n {
		return "", "", fmt.Errorf("%d columns, want at least %d", len(r.cells), n)
	}
	if name = strings.TrimSpace(r.cells[c.path]); name == "" {
		return "", "", errors.New("no path")
	}
	if c.label != none {
		label = strings.ToValidUTF8(strings.TrimSpace(r.cells[c.label]), "\uFFFD")
	}
	if label == "" && !o.LabelsOptional {
		return "", "", fmt.Errorf("%s has no label", name)
	}
	return name, label, nil
}
