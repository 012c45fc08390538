package corpus

import "bytes"

// tsvRows reads lines of fields between tabs, with no quoting: GLUE's files
// hold lone quotes, which a CSV reader would take for the beginning of a field
// that spans rows.
type tsvRows struct{}

func (tsvRows) split(data []byte, atEOF bool) (advance int, row []byte, err error) {
	return splitLine(data, atEOF)
}

func (tsvRows) cells(row []byte, dst []cell) ([]cell, error) {
	for {
		field, rest, more := bytes.Cut(row, []byte{'\t'})
		dst = append(dst, cell{raw: field})
		if !more {
			return dst, nil
		}
		row = rest
	}
}
