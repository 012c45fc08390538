package imageset

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// openList reads a table of paths and labels.
func (s *Set) openList(k kind, o Options) error {
	if o.Split != "" {
		return fault(s.where, "a list has no splits, and %s was asked for", o.Split)
	}
	rows, err := readRows(s.where, k)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return fault(s.where, "empty file")
	}
	cols, header, err := findColumns(rows[0].cells, o)
	if err != nil {
		return &DataError{s.where, err}
	}
	if header {
		rows = rows[1:]
	}
	if len(rows) == 0 {
		return fault(s.where, "a header and no rows")
	}
	l, labels, err := s.readList(rows, cols, o)
	if err != nil {
		return err
	}
	s.store = l
	return s.takeLabels(rows, labels, o)
}

type row struct {
	line  int
	cells []string
}

// readRows reads the whole list: paths are short, and a set holds them anyway.
func readRows(where string, k kind) ([]row, error) {
	f, err := os.Open(where)
	if err != nil {
		return nil, faultOf(where, err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, faultOf(where, err)
	}
	text := strings.TrimPrefix(string(b), "\uFEFF")
	var rows []row
	if k == kindTSV { // no quoting: a quote is part of a name
		for i, line := range strings.Split(text, "\n") {
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				rows = append(rows, row{i + 1, strings.Split(line, "\t")})
			}
		}
		return rows, nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1 // columns are checked where they are wanted, by line
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, fault(fmt.Sprintf("%s:%d", where, parse.Line), "%w", parse.Err)
		}
		if err != nil {
			return nil, faultOf(where, err)
		}
		line, _ := r.FieldPos(0)
		rows = append(rows, row{line, cells})
	}
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

// readList takes paths and labels from the rows and looks at the files.
func (s *Set) readList(rows []row, cols columns, o Options) (*loose, []string, error) {
	dir := filepath.Dir(s.where)
	l := &loose{}
	labels := make([]string, len(rows))
	present := 0
	for i, r := range rows {
		at := fmt.Sprintf("%s:%d", s.where, r.line)
		if len(r.cells) <= max(cols.path, cols.label) {
			return nil, nil, fault(at, "%d columns, want at least %d", len(r.cells), max(cols.path, cols.label)+1)
		}
		name := strings.TrimSpace(r.cells[cols.path])
		if name == "" {
			return nil, nil, fault(at, "no path")
		}
		if cols.label != none {
			labels[i] = strings.ToValidUTF8(strings.TrimSpace(r.cells[cols.label]), "\uFFFD")
		}
		if labels[i] == "" && !o.LabelsOptional {
			return nil, nil, fault(at, "%s has no label", name)
		}
		path := filepath.FromSlash(name)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		m := member{name: filepath.ToSlash(name)}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			m.size, m.changed = info.Size(), info.ModTime()
			present++
		}
		l.files = append(l.files, m)
		l.paths = append(l.paths, path)
		l.line = append(l.line, at+": ")
	}
	// One missing file is a bad file, which reading it will say. All missing is a
	// list in the wrong folder.
	if present == 0 {
		return nil, nil, fault(l.in(0), "no such file, nor any of the others: paths are relative to the list's folder")
	}
	return l, labels, nil
}

// takeLabels turns a list's labels into classes and items.
func (s *Set) takeLabels(rows []row, labels []string, o Options) error {
	found := slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "" })
	slices.Sort(found)
	found = slices.Compact(found)
	sortNumbers(found)
	if s.classes = found; o.Classes != nil {
		s.classes = slices.Clone(o.Classes)
	} else if len(found) == 1 && !o.LabelsOptional {
		return fault(s.where, "one class only, %q: there is nothing to tell apart", found[0])
	}
	index := make(map[string]int32, len(s.classes))
	for i, c := range s.classes {
		index[c] = int32(i)
	}
	for i, label := range labels {
		k, ok := index[label]
		if !ok && !o.LabelsOptional {
			return fault(fmt.Sprintf("%s:%d", s.where, rows[i].line), "label %q is none of the %d classes: %s",
				label, len(s.classes), listed(s.classes))
		}
		if !ok {
			k = NoLabel
		}
		s.items = append(s.items, item{int32(i), k, none})
	}
	return nil
}

// sortNumbers puts labels that are all whole numbers in their own order: 10
// after 9.
func sortNumbers(labels []string) {
	for _, l := range labels {
		if _, err := strconv.ParseInt(l, 10, 64); err != nil {
			return
		}
	}
	slices.SortStableFunc(labels, func(a, b string) int {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		if x != y && x < y {
			return -1
		} else if x > y {
			return 1
		}
		return strings.Compare(a, b)
	})
}
