package corpus

import "bytes"

// csvRows reads RFC 4180: commas, fields in double quotes may hold commas, line
// ends and doubled quotes. Beyond the RFC a quote inside an unquoted field is
// itself, as spreadsheets and pandas have it. encoding/csv reads the same where
// it reads at all (FuzzCSV), but does not give the rows' extents, and with
// LazyQuotes a lone quote merges rows.
type csvRows struct{}

var errUnclosedQuote = badRow("a quoted field that begins in this row is never closed")

func (csvRows) split(data []byte, atEOF bool) (advance int, row []byte, err error) {
	for i := 0; ; i++ { // at the beginning of a field
		if i < len(data) && data[i] == '"' {
			end := closingQuote(data, i+1)
			if end < 0 && atEOF {
				return 0, nil, errUnclosedQuote
			}
			// A quote that ends the data may be the first of a doubled one.
			if end < 0 || end == len(data)-1 && !atEOF {
				return 0, nil, nil
			}
			i = end + 1
		}
		for i < len(data) && data[i] != ',' && data[i] != '\n' {
			i++
		}
		switch {
		case i < len(data) && data[i] == '\n':
			return i + 1, cutReturn(data[:i]), nil
		case i >= len(data) && atEOF:
			return len(data), cutReturn(data), nil
		case i >= len(data):
			return 0, nil, nil
		}
	}
}

// closingQuote returns the index of the quote that ends the field whose content
// begins at i, or -1.
func closingQuote(data []byte, i int) int {
	for {
		j := bytes.IndexByte(data[i:], '"')
		if j < 0 {
			return -1
		}
		i += j
		if i+1 >= len(data) || data[i+1] != '"' {
			return i
		}
		i += 2
	}
}

func (csvRows) cells(row []byte, dst []cell) ([]cell, error) {
	for i := 0; ; {
		c := cell{}
		if i < len(row) && row[i] == '"' {
			end := closingQuote(row, i+1)
			if end < 0 {
				return dst, errUnclosedQuote
			}
			c.raw = row[i+1 : end]
			if bytes.IndexByte(c.raw, '"') >= 0 || bytes.IndexByte(c.raw, '\r') >= 0 {
				c.kind = cellEscaped
			}
			i = end + 1
			if i < len(row) && row[i] != ',' {
				return dst, badRow("text follows a closing quote (a quote inside a quoted field must be doubled)")
			}
		} else {
			end := bytes.IndexByte(row[i:], ',')
			if end < 0 {
				end = len(row) - i
			}
			c.raw, i = row[i:i+end], i+end
		}
		dst = append(dst, c)
		if i >= len(row) {
			return dst, nil
		}
		i++ // the comma
	}
}
