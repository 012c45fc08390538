package corpus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// table is a CSV, TSV or JSONL file as a source of examples: one pass at Open
// finds the rows and their labels, each example is read again by ReadAt.
type table struct {
	name    string // in IDs: the base name
	where   string // in errors: the path
	split   string
	store   store
	format  rowFormat
	cols    columns
	notes   []string // on the choice of columns
	unclear string   // why no label was taken, where none need be
	rows    rowIndex
	buffers sync.Pool // of *rowBuffer
}

type rowBuffer struct {
	raw   []byte
	cells []cell
}

// openTableFile opens a table that is a file of its own.
func openTableFile(path, name string, o Options) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, faultOf(path, err)
	}
	k, gz := kindOf(path)
	if gz {
		defer f.Close()
		s, err := gunzip(path, f, o)
		if err != nil {
			return nil, err
		}
		return newTable(s, k, path, name, o)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(faultOf(path, err), f.Close())
	}
	return newTable(fileStore{f, info.Size()}, k, path, name, o)
}

// newTable chooses the columns; scan then finds the rows. It owns s, also when
// it fails.
func newTable(s store, k kind, where, name string, o Options) (*table, error) {
	t := &table{name: name, where: where, store: s, format: formatOf(k)}
	t.buffers.New = func() any { return new(rowBuffer) }
	if err := t.choose(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return t, nil
}

func (t *table) choose(o Options) error {
	if t.store.Size() == 0 {
		return fault(t.where, "empty file")
	}
	head, err := readSample(t.store, t.format)
	if err != nil {
		return t.faultAt(0, err)
	}
	if head.width() == 0 {
		return fault(t.where, "no rows")
	}
	chosen, err := chooseColumns(head, o)
	if err != nil {
		return t.faultAt(0, err)
	}
	t.cols, t.notes, t.unclear = chosen.c, chosen.notes(), chosen.unclear()
	return nil
}

// faultAt names the row: of the error, or else of line.
func (t *table) faultAt(line uint32, err error) error {
	if at, ok := errors.AsType[*lineError](err); ok {
		line, err = at.line, at.err
	}
	if line == 0 {
		return &DataError{t.where, err}
	}
	return &DataError{fmt.Sprintf("%s:%d", t.where, line), err}
}

// scan finds the rows. For each it calls add with the label's value.
func (t *table) scan(o Options, r *Report, add func(label []byte)) error {
	rows, err := newRowScanner(t.store, t.format)
	if err != nil {
		return &DataError{t.where, err}
	}
	var cells []cell
	headerPending := t.cols.header
	for rows.next() {
		cells, err = t.format.cells(rows.row, cells[:0])
		if isVoid(rows.row, cells, err) {
			r.Skipped++
			continue
		}
		if headerPending {
			headerPending = false
			continue
		}
		var picked picked
		var label []byte
		if err == nil {
			picked, err = t.cols.pick(cells)
		}
		if err == nil {
			label, err = t.label(picked, o)
		}
		if err != nil {
			if !o.SkipBad {
				return t.faultAt(rows.line, err)
			}
			r.bad(t.id(rows.line), err)
			continue
		}
		r.look(picked, func() string { return t.id(rows.line) })
		t.rows.add(rows.rowRef)
		add(label)
	}
	if line, err := rows.err(); err != nil {
		return t.faultAt(line, err)
	}
	return nil
}

// label checks what add will be given, and that the texts can be decoded.
func (t *table) label(p picked, o Options) ([]byte, error) {
	for _, c := range []cell{p.text, p.pair} {
		if c.kind == cellNested {
			_, err := c.text()
			return nil, err
		}
	}
	if t.cols.label == none {
		return nil, nil
	}
	label, err := p.label.label()
	if err == nil && len(label) == 0 && !o.LabelsOptional {
		return nil, badRow("no label in column %s", t.cols.nameOf(t.cols.label))
	}
	return label, err
}

func (t *table) len() int          { return t.rows.off.Len() }
func (t *table) counted() bool     { return true }
func (t *table) splitName() string { return t.split }

func (t *table) id(line uint32) string { return fmt.Sprintf("%s:%d", t.name, line) }

func (t *table) exampleID(i int) string { return t.id(t.rows.at(i).line) }

func (t *table) texts(i int) (text, pair string, err error) {
	ref := t.rows.at(i)
	buf := t.buffers.Get().(*rowBuffer)
	defer t.buffers.Put(buf)
	if cap(buf.raw) < int(ref.n) {
		buf.raw = make([]byte, ref.n)
	}
	buf.raw = buf.raw[:ref.n]
	switch n, err := t.store.ReadAt(buf.raw, ref.off); {
	case n == len(buf.raw): // the last row may come with io.EOF
	case errors.Is(err, io.EOF):
		return "", "", t.faultAt(ref.line, errors.New("the file was cut since it was opened"))
	default:
		return "", "", fmt.Errorf("%s:%d: %w", t.where, ref.line, err)
	}
	buf.cells, err = t.format.cells(buf.raw, buf.cells[:0])
	if err == nil {
		var p picked
		if p, err = t.cols.pick(buf.cells); err == nil {
			if text, err = p.text.text(); err == nil {
				pair, err = p.pair.text()
			}
		}
	}
	if err != nil {
		return "", "", t.faultAt(ref.line, fmt.Errorf("the file has changed since it was opened: %w", err))
	}
	return text, pair, nil
}

func (t *table) close() error { return t.store.Close() }
