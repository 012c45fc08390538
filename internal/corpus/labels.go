package corpus

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// NoLabel is the label of an example that has none.
const NoLabel = -1

// labelSet numbers label values as they appear; resolve then orders them into
// classes.
type labelSet struct {
	ids    map[string]int
	values []string // by number
	first  []int    // the example that had it first
}

func (s *labelSet) number(value []byte, example int) int {
	if id, ok := s.ids[string(value)]; ok { // no allocation
		return id
	}
	if s.ids == nil {
		s.ids = map[string]int{}
	}
	id := len(s.values)
	v := strings.ToValidUTF8(string(value), "\uFFFD")
	s.ids[string(value)] = id
	s.values = append(s.values, v)
	s.first = append(s.first, example)
	return id
}

// looksLikeText tells whether so many examples have a value of their own that
// the column can hardly be one of classes.
func (s *labelSet) looksLikeText(examples int) bool {
	return len(s.values) > 50 && 2*len(s.values) > examples
}

// resolve returns the classes and for each number its class. Without want they
// are the values of the first so many examples, or of all where these have none,
// sorted; else want. A value that is no class maps to NoLabel.
func (s *labelSet) resolve(want []string, examples int) (classes []string, class []int32) {
	n := sort.SearchInts(s.first, examples) // values are numbered as they appear
	if n == 0 {
		n = len(s.values)
	}
	if want == nil {
		classes = slices.Clone(s.values[:n])
		SortLabels(classes)
		classes = slices.Compact(classes) // invalid UTF-8 may have made two equal
	} else {
		classes = slices.Clone(want)
	}
	index := make(map[string]int32, len(classes))
	for i, c := range classes {
		index[c] = int32(i)
	}
	class = make([]int32, len(s.values))
	known := 0
	for i, v := range s.values {
		c, ok := index[v]
		if !ok {
			c = NoLabel
		} else {
			known++
		}
		class[i] = c
	}
	if known == 0 && want != nil {
		s.resolveIndices(len(want), n, class)
	}
	return classes, class
}

// resolveIndices takes the values as class indices where all of the first n can be.
func (s *labelSet) resolveIndices(classes, n int, class []int32) {
	index := func(v string) (i int, ok bool) {
		i, err := strconv.Atoi(v)
		return i, err == nil && i >= 0 && i < classes
	}
	for _, v := range s.values[:n] {
		if _, ok := index(v); !ok {
			return
		}
	}
	for i, v := range s.values {
		if k, ok := index(v); ok {
			class[i] = int32(k)
		}
	}
}

// SortLabels sorts numerically where all labels are integers, so that 10 comes
// after 9.
func SortLabels(labels []string) {
	if !slices.ContainsFunc(labels, func(l string) bool { return !isInt(l) }) {
		slices.SortFunc(labels, func(a, b string) int {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b)) // 1 and 01
		})
		return
	}
	slices.Sort(labels)
}

func isInt(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// label returns the cell's label value without blanks around it, empty where
// there is none. A JSON number with no fraction is written as an integer: 1.0
// and 1 are one class.
func (c cell) label() ([]byte, error) {
	switch c.kind {
	case cellNull:
		return nil, nil
	case cellPlain:
		return bytes.TrimSpace(c.raw), nil
	case cellScalar:
		if isInt(string(c.raw)) {
			return c.raw, nil
		}
		if f, err := strconv.ParseFloat(string(c.raw), 64); err == nil && f == float64(int64(f)) {
			return strconv.AppendInt(nil, int64(f), 10), nil
		}
		return c.raw, nil
	case cellString:
		if bytes.IndexByte(c.raw, '\\') < 0 {
			return bytes.TrimSpace(c.raw[1 : len(c.raw)-1]), nil
		}
		var s string
		err := json.Unmarshal(c.raw, &s)
		return bytes.TrimSpace([]byte(s)), err
	case cellNested:
		return nil, badRow("label %s is a list or an object, want a string, number or boolean", snippet(string(c.raw)))
	}
	s, err := c.text()
	return bytes.TrimSpace([]byte(s)), err
}
