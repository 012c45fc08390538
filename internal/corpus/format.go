package corpus

import (
	"bytes"
	"encoding/json"
	"strings"
)

// rowFormat splits a file into rows and a row into cells. Rows are found
// without interpreting their cells, so that one pass at Open yields offsets and
// each example is read again alone.
type rowFormat interface {
	// split returns the extent of the first row of data: how far to advance and
	// the row without its line end. An advance of 0 wants more data.
	split(data []byte, atEOF bool) (advance int, row []byte, err error)

	// cells appends the row's cells to dst. They point into row.
	cells(row []byte, dst []cell) ([]cell, error)
}

func formatOf(k kind) rowFormat {
	switch k {
	case kindCSV:
		return csvRows{}
	case kindTSV:
		return tsvRows{}
	}
	return jsonRows{}
}

// cell is one value of a row, still as it stands in the file.
type cell struct {
	key  []byte // JSON: the member's name, decoded
	raw  []byte
	kind cellKind
}

type cellKind uint8

const (
	cellPlain   cellKind = iota
	cellEscaped          // CSV: holds doubled quotes or carriage returns
	cellString           // JSON, with its quotes
	cellScalar           // JSON number, true or false
	cellNull             // JSON
	cellNested           // JSON array or object
)

// text decodes the cell. Invalid UTF-8 stays.
func (c cell) text() (string, error) {
	switch c.kind {
	case cellNull:
		return "", nil
	case cellNested:
		return "", badRow("%s is a list or an object, want a string", snippet(string(c.key)))
	case cellEscaped:
		s := strings.ReplaceAll(string(c.raw), `""`, `"`)
		return strings.ReplaceAll(s, "\r\n", "\n"), nil
	case cellString:
		if bytes.IndexByte(c.raw, '\\') < 0 {
			return string(c.raw[1 : len(c.raw)-1]), nil
		}
		var s string
		err := json.Unmarshal(c.raw, &s)
		return s, err
	}
	return string(c.raw), nil
}

// isEmpty tells whether the cell's text holds nothing but blanks.
func (c cell) isEmpty() bool {
	raw := c.raw
	switch c.kind {
	case cellNull:
		return true
	case cellString:
		raw = raw[1 : len(raw)-1]
	}
	return len(bytes.TrimSpace(raw)) == 0
}

// splitLine is the row of formats whose rows are lines.
func splitLine(data []byte, atEOF bool) (advance int, row []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, cutReturn(data[:i]), nil
	}
	if atEOF {
		return len(data), cutReturn(data), nil
	}
	return 0, nil, nil
}

func cutReturn(row []byte) []byte { return bytes.TrimSuffix(row, []byte{'\r'}) }
