package featurefile

import (
	"bufio"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
)

// npy is a matrix and the table beside it.
type npy struct {
	matrix, table *renameio.PendingFile
	w             *bufio.Writer
	rows          *csv.Writer
	n, width      int // rows wanted; numbers in each
	done          int
	buf           []byte
}

func createNPY(path string, n int) (*npy, error) {
	f, err := pending(path)
	if err != nil {
		return nil, err
	}
	t, err := pending(LabelsPath(path))
	if err != nil {
		return nil, errors.Join(err, f.Cleanup())
	}
	return &npy{matrix: f, table: t, w: bufio.NewWriter(f), rows: csv.NewWriter(t), n: n}, nil
}

func pending(path string) (*renameio.PendingFile, error) {
	return renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
}

func (p *npy) Write(r Row) error {
	if p.done == 0 {
		p.width = len(r.Values)
		p.buf = make([]byte, 4*p.width)
		if _, err := p.w.WriteString(npyHeader(p.n, p.width)); err != nil {
			return err
		}
		if err := p.rows.Write([]string{"row", "input", "label"}); err != nil {
			return err
		}
	}
	if len(r.Values) != p.width {
		return fmt.Errorf("%s: %d features, where those before have %d", r.Input, len(r.Values), p.width)
	}
	for i, v := range r.Values {
		binary.LittleEndian.PutUint32(p.buf[4*i:], math.Float32bits(v))
	}
	if _, err := p.w.Write(p.buf); err != nil {
		return err
	}
	input, label := r.text()
	err := p.rows.Write([]string{strconv.Itoa(p.done), input, label})
	p.done++
	return err
}

// Close replaces the matrix first: its table is of no use without it.
func (p *npy) Close() error {
	if p.done != p.n {
		p.Abort()
		return fmt.Errorf("%d rows of %d", p.done, p.n)
	}
	p.rows.Flush()
	if err := errors.Join(p.w.Flush(), p.rows.Error()); err != nil {
		p.Abort()
		return err
	}
	if err := p.matrix.CloseAtomicallyReplace(); err != nil {
		p.Abort()
		return err
	}
	return p.table.CloseAtomicallyReplace()
}

func (p *npy) Abort() { _ = errors.Join(p.matrix.Cleanup(), p.table.Cleanup()) } // nothing of it is wanted

// npyHeader is NumPy's, version 1.0: a magic number, a length, and a Python
// literal padded so that the numbers begin at a multiple of 64 bytes
// (numpy/lib/format.py).
func npyHeader(n, width int) string {
	dict := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", n, width)
	const before = 10
	dict += strings.Repeat(" ", (64-(before+len(dict)+1)%64)%64) + "\n"
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(dict)), byte(len(dict) >> 8)}) + dict
}
