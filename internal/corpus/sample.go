package corpus

import (
	"fmt"
	"strings"

	"github.com/gotune/gotune/internal/plural"
)

// A sample is the beginning of a table, decoded: what the choice of columns
// looks at.
const (
	sampleRows  = 1000
	sampleBytes = 4 << 20
)

type sample struct {
	keys  []string       // JSON: the members' names, in the order in which they appear
	place map[string]int // of each key in keys
	rows  [][]string     // CSV and TSV: the first may be a header
	fault error          // *lineError: the first row that cannot be read
}

// readSample skips rows that cannot be read or, in CSV and TSV, are not as wide
// as the first. Where no row is left, or the first of a CSV cannot be read, which
// may be the header, it returns what is wrong.
func readSample(s store, f rowFormat) (*sample, error) {
	rows, err := newRowScanner(s, f)
	if err != nil {
		return nil, err
	}
	var (
		out   sample
		cells []cell
		total int
	)
	for len(out.rows) < sampleRows && total < sampleBytes && rows.next() {
		total += len(rows.row)
		cells, err = f.cells(rows.row, cells[:0])
		if isVoid(rows.row, cells, err) {
			continue
		}
		if err == nil {
			err = out.add(cells)
		}
		out.blame(rows.line, err)
		if _, isJSON := f.(jsonRows); out.fault != nil && len(out.rows) == 0 && !isJSON {
			break
		}
	}
	out.blame(rows.err())
	if len(out.rows) == 0 && out.fault != nil {
		return nil, out.fault
	}
	return &out, nil
}

func (s *sample) blame(line uint32, err error) {
	if err != nil && s.fault == nil {
		s.fault = &lineError{line, err}
	}
}

// lineError adds the line to what is wrong with a row.
type lineError struct {
	line uint32
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

func (s *sample) add(cells []cell) error {
	var row []string
	for i, c := range cells {
		if c.key != nil {
			var known bool
			if i, known = s.place[string(c.key)]; !known {
				if i = len(s.keys); i == maxMembers {
					return badRow("the rows so far have %d names and more: %s", maxMembers, keyedBy)
				}
				if s.place == nil {
					s.place = map[string]int{}
				}
				s.place[string(c.key)] = i
				s.keys = append(s.keys, string(c.key))
			}
		}
		for len(row) <= i {
			row = append(row, "")
		}
		text, err := c.text()
		if err != nil {
			text = string(c.raw) // a list: long, never a label
		}
		if row[i] = text; c.kind == cellScalar {
			if l, err := c.label(); err == nil {
				row[i] = string(l)
			}
		}
	}
	if s.keys == nil && len(s.rows) > 0 && len(row) != len(s.rows[0]) {
		return wrongWidth(len(row), len(s.rows[0]))
	}
	s.rows = append(s.rows, row)
	return nil
}

func wrongWidth(got, want int) error {
	return badRow("want %s as in the first row, got %d", plural.Of(want, "columns"), got)
}

// width is the number of columns.
func (s *sample) width() int {
	if s.keys != nil {
		return len(s.keys)
	}
	if len(s.rows) == 0 {
		return 0
	}
	return len(s.rows[0])
}

// columnStats is what the choice of columns asks of one.
type columnStats struct {
	n, empty, ints, phrases int // phrases: values of two words or more
	longest                 int // bytes
	values                  map[string]int
}

func (s *sample) stats(column int, rows [][]string) columnStats {
	st := columnStats{values: map[string]int{}}
	for _, row := range rows {
		v := ""
		if column < len(row) {
			v = strings.TrimSpace(row[column])
		}
		st.n++
		st.values[v]++
		st.longest = max(st.longest, len(v))
		if v == "" {
			st.empty++
		}
		if isInt(v) {
			st.ints++
		}
		if strings.ContainsAny(v, " \t\n") {
			st.phrases++
		}
	}
	return st
}

// isLabel tells whether the values look like classes: short, never empty, few
// and recurring.
func (st columnStats) isLabel() bool {
	return st.isShort() && len(st.values) < st.n && len(st.values) <= max(20, st.n/10)
}

func (st columnStats) isShort() bool { return st.n > 0 && st.empty == 0 && st.longest <= 64 }

// isInts tells whether every value is an integer.
func (st columnStats) isInts() bool { return st.n > 0 && st.ints == st.n }

// describe lists these columns, or all, for an error message: their names, or how
// they begin.
func (s *sample) describe(names []string, these ...int) string {
	if these == nil {
		for i := range s.width() {
			these = append(these, i)
		}
	}
	const most = 12
	var parts []string
	for _, i := range these[:min(len(these), most)] {
		switch {
		case names != nil:
			parts = append(parts, fmt.Sprintf("%d %s", i+1, snippet(names[i])))
		default:
			parts = append(parts, fmt.Sprintf("%d (such as %s)", i+1, snippet(s.rows[0][i])))
		}
	}
	if len(these) > most {
		parts = append(parts, fmt.Sprintf("and %d more", len(these)-most))
	}
	return strings.Join(parts, ", ")
}

// snippet quotes the beginning of s.
func snippet(s string) string {
	const most = 32
	if r := []rune(s[:min(len(s), 4*most)]); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
