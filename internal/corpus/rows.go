package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/gotune/gotune/internal/column"
)

// maxRow bounds a row and a text file: beyond it, what is read is hardly a text
// to classify, and memory is better kept.
const maxRow = 64 << 20

// rowRef finds a row again.
type rowRef struct {
	off  int64
	n    uint32
	line uint32 // 1-based line of the file at which the row begins
}

// rowIndex is all that stays in memory of a table's rows: 6 bytes of each where
// they are of a few hundred.
type rowIndex struct{ off, n, line column.Ints }

func (x *rowIndex) add(r rowRef) {
	x.off.Append(int(r.off))
	x.n.Append(int(r.n))
	x.line.Append(int(r.line))
}

func (x *rowIndex) at(i int) rowRef {
	return rowRef{int64(x.off.At(i)), uint32(x.n.At(i)), uint32(x.line.At(i))}
}

// rowScanner steps through the rows of a store.
type rowScanner struct {
	rowRef
	row []byte // valid until the next call

	sc       *bufio.Scanner
	nextOff  int64
	nextLine uint32
}

// newRowScanner begins behind a byte order mark, if there is one.
func newRowScanner(s store, f rowFormat) (*rowScanner, error) {
	var mark [3]byte
	n, err := s.ReadAt(mark[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r := &rowScanner{nextLine: 1}
	switch b := mark[:n]; {
	case bytes.Equal(b, []byte("\xEF\xBB\xBF")):
		r.nextOff = 3
	case bytes.HasPrefix(b, []byte("\xFF\xFE")), bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return nil, errors.New("text in UTF-16: save it as UTF-8")
	}
	r.sc = bufio.NewScanner(io.NewSectionReader(s, r.nextOff, s.Size()-r.nextOff))
	r.sc.Buffer(make([]byte, min(256<<10, s.Size()+1)), maxRow)
	r.sc.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if atEOF && len(data) == 0 {
			return 0, nil, nil
		}
		advance, row, err := f.split(data, atEOF)
		if advance > 0 {
			r.rowRef = rowRef{r.nextOff, uint32(len(row)), r.nextLine} // len ≤ maxRow
			r.nextOff += int64(advance)
			r.nextLine += uint32(bytes.Count(data[:advance], []byte{'\n'}))
			if row == nil {
				row = []byte{} // an empty line is a row too
			}
		}
		return advance, row, err
	})
	return r, nil
}

func (r *rowScanner) next() bool {
	if !r.sc.Scan() {
		return false
	}
	r.row = r.sc.Bytes()
	return true
}

// err returns why next stopped, and the line of the row that it was in.
func (r *rowScanner) err() (line uint32, err error) {
	err = r.sc.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = badRow("a row is longer than %d MiB (is a quote left open?)", maxRow>>20)
	}
	return r.nextLine, err
}
