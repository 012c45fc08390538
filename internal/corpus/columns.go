package corpus

import (
	"fmt"
	"strconv"
	"strings"
)

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

// chosen are the columns that were taken.
func (c *columns) chosen() Columns {
	of := func(i int) string {
		switch {
		case i == none:
			return ""
		case c.names != nil:
			return strings.ToValidUTF8(c.names[i], "\uFFFD")
		}
		return strconv.Itoa(i + 1)
	}
	return Columns{of(c.text), of(c.pair), of(c.label)}
}

// instead tells what was taken in place of a column that the table lacks; "" where
// nobody misses it: a label that need not be there, and is not.
func (c *columns) instead(l lacking) string {
	i := map[string]int{"text": c.text, "pair": c.pair, "label": c.label}[l.role]
	switch {
	case i != none:
		return fmt.Sprintf("no column %s is there for the training data's %s: column %s is taken", snippet(l.column), l.role, c.nameOf(i))
	case l.role != "label":
		return fmt.Sprintf("no column %s is there for the training data's %s: none is taken", snippet(l.column), l.role)
	}
	return ""
}

// lacking is a column of Options.Trained that a table has not.
type lacking struct{ role, column string }
