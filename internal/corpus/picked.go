package corpus

import (
	"bytes"
	"unicode/utf8"
)

// picked are the cells of one example.
type picked struct{ text, pair, label cell }

func (c *columns) pick(cells []cell) (p picked, err error) {
	for _, want := range []struct {
		column int
		into   *cell
	}{{c.text, &p.text}, {c.pair, &p.pair}, {c.label, &p.label}} {
		if want.column == none {
			continue
		}
		i := want.column
		if len(cells) == 0 || cells[0].key != nil { // a JSON object
			if i = lastOf(cells, c.names[i]); i == none {
				if want.into != &p.label {
					return p, badRow("no %q in the object", c.names[want.column])
				}
				continue
			}
		} else if len(cells) != c.width {
			return p, wrongWidth(len(cells), c.width)
		}
		*want.into = cells[i]
	}
	return p, nil
}

// lastOf finds a key as encoding/json does: of two equal ones the last counts.
func lastOf(cells []cell, key string) int {
	for i := len(cells) - 1; i >= 0; i-- {
		if string(cells[i].key) == key {
			return i
		}
	}
	return none
}

// isVoid tells whether a row is blank or nothing but separators, as
// spreadsheets leave at the end. err is what was wrong behind the cells.
func isVoid(row []byte, cells []cell, err error) bool {
	if len(bytes.TrimSpace(row)) == 0 {
		return true
	}
	if err != nil {
		return false
	}
	for _, cell := range cells {
		if cell.key != nil || !cell.isEmpty() {
			return false
		}
	}
	return len(cells) > 1
}

// look counts what is worth telling of a row's texts.
func (r *Report) look(p picked, id func() string) {
	if !utf8.Valid(p.text.raw) || !utf8.Valid(p.pair.raw) {
		r.replaced(id())
	}
	if p.text.isEmpty() {
		r.empty(id())
	}
}
