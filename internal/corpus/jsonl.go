package corpus

import (
	"bytes"
	"encoding/json"
)

// jsonRows reads one JSON object a line. It walks the object's members without
// decoding them: Open looks at every row, and encoding/json would make a map
// and a copy of each. It accepts and yields what encoding/json does (FuzzJSONL),
// the last of two equal keys included.
type jsonRows struct{}

// maxMembers is the most names that a table's objects may have. More are no
// columns, but keys of examples that ought to be rows.
const (
	maxMembers = 4096
	keyedBy    = "want a line for each example, not a key"
)

// CheckObject says what keeps line from being one JSON object, as for a row of a
// .jsonl file.
func CheckObject(line string) error {
	_, err := jsonRows{}.cells([]byte(line), nil)
	return err
}

func (jsonRows) split(data []byte, atEOF bool) (advance int, row []byte, err error) {
	return splitLine(data, atEOF)
}

func (jsonRows) cells(row []byte, dst []cell) ([]cell, error) {
	w := jsonWalk{row, 0}
	if !w.take('{') {
		if w.peek() == '[' {
			return dst, badRow("a JSON array where an object was expected: write one {…} per line")
		}
		return dst, w.fault("want an object")
	}
	if !w.take('}') {
		for {
			c, err := w.member()
			if err != nil {
				return dst, err
			}
			if len(dst) == maxMembers {
				return dst, badRow("an object of more than %d members: %s", maxMembers, keyedBy)
			}
			dst = append(dst, c)
			if w.take(',') {
				continue
			}
			if w.take('}') {
				break
			}
			return dst, w.fault("want , or }")
		}
	}
	if w.peek() != 0 || w.i < len(w.row) {
		return dst, w.fault("text after the object")
	}
	return dst, nil
}

// jsonWalk is a position in a row.
type jsonWalk struct {
	row []byte
	i   int
}

func (w *jsonWalk) fault(want string) error {
	return badRow("not a JSON object: %s at byte %d, near %s", want, w.i+1, snippet(string(w.row[min(w.i, len(w.row)):])))
}

// peek skips blanks and returns the next byte, 0 at the end.
func (w *jsonWalk) peek() byte {
	for ; w.i < len(w.row); w.i++ {
		switch b := w.row[w.i]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

func (w *jsonWalk) take(b byte) bool {
	if w.peek() != b {
		return false
	}
	w.i++
	return true
}

// member reads "key": value.
func (w *jsonWalk) member() (c cell, err error) {
	if w.peek() != '"' {
		return c, w.fault("want a key in quotes")
	}
	key, err := w.quoted()
	if err != nil {
		return c, err
	}
	if c.key = key[1 : len(key)-1]; bytes.IndexByte(c.key, '\\') >= 0 {
		var s string
		if err := json.Unmarshal(key, &s); err != nil {
			return c, badRow("key %s: %v", key, err)
		}
		c.key = []byte(s)
	}
	if !w.take(':') {
		return c, w.fault("want :")
	}
	switch w.peek() {
	case '"':
		c.kind = cellString
		c.raw, err = w.quoted()
	case '{', '[':
		c.kind = cellNested
		c.raw, err = w.nested()
	default:
		c.kind = cellScalar
		c.raw, err = w.scalar()
		if string(c.raw) == "null" {
			c.kind = cellNull
		}
	}
	return c, err
}

// quoted reads a string and returns it with its quotes.
func (w *jsonWalk) quoted() ([]byte, error) {
	start := w.i
	for w.i++; w.i < len(w.row); w.i++ {
		switch b := w.row[w.i]; {
		case b == '"':
			w.i++
			return w.row[start:w.i], nil
		case b == '\\':
			if !w.escape() {
				return nil, w.fault("want an escape")
			}
		case b < ' ':
			return nil, w.fault("control character in a string")
		}
	}
	return nil, w.fault("string is not closed")
}

// escape steps to the last byte of an escape sequence.
func (w *jsonWalk) escape() bool {
	w.i++
	if w.i >= len(w.row) {
		return false
	}
	if w.row[w.i] != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), w.row[w.i]) >= 0
	}
	for range 4 {
		w.i++
		if w.i >= len(w.row) || bytes.IndexByte([]byte("0123456789abcdefABCDEF"), w.row[w.i]) < 0 {
			return false
		}
	}
	return true
}

// nested skips an array or object: to the bracket that closes it, then what
// lies between must be JSON.
func (w *jsonWalk) nested() ([]byte, error) {
	start, depth := w.i, 0
	for w.i < len(w.row) {
		switch w.row[w.i] {
		case '"':
			if _, err := w.quoted(); err != nil {
				return nil, err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		w.i++
		if depth == 0 {
			return w.valid(start)
		}
	}
	return nil, w.fault("a bracket is not closed")
}

func (w *jsonWalk) scalar() ([]byte, error) {
	start := w.i
	for w.i < len(w.row) && bytes.IndexByte([]byte(",}] \t\r\n"), w.row[w.i]) < 0 {
		w.i++
	}
	return w.valid(start)
}

func (w *jsonWalk) valid(start int) ([]byte, error) {
	raw := w.row[start:w.i]
	if len(raw) == 1 && '0' <= raw[0] && raw[0] <= '9' {
		return raw, nil // most labels
	}
	if !json.Valid(raw) {
		w.i = start
		return nil, w.fault("want a value")
	}
	return raw, nil
}
