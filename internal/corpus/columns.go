package corpus

import "strconv"

// columns says where a table's text and labels stand.
type columns struct {
	names             []string // header or JSON keys, nil without
	width             int      // cells of a CSV or TSV row
	header            bool     // the first row is no example
	text, pair, label int      // 0-based, none if absent
}

const none = -1

// String tells the choice: `text "review", label "sentiment"`.
func (c *columns) String() string {
	s := "text " + c.nameOf(c.text)
	if c.pair != none {
		s += ", pair " + c.nameOf(c.pair)
	}
	if c.label != none {
		s += ", label " + c.nameOf(c.label)
	}
	if c.names == nil {
		s += ", no header"
	}
	return s
}

// nameOf is a column's name, or its 1-based number.
func (c *columns) nameOf(i int) string {
	if c.names != nil {
		return snippet(c.names[i])
	}
	return strconv.Itoa(i + 1)
}
