package corpus

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
)

// chunkSize is the unit in which a spool grows: no copying, as a doubling
// slice would, and at most this much unused.
const chunkSize = 1 << 20

// spool makes a compressed stream readable at random: the decompressed bytes
// are held in memory up to limit, then in a temporary file. The file has no
// name where the system allows it, so that even a killed process leaves none
// behind; else Close removes it.
//
// Write everything, finish, then ReadAt from any goroutine.
type spool struct {
	limit  int64
	dir    string
	chunks [][]byte // all of it, or what is not yet in file
	file   *os.File
	named  bool
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(s.chunks) == 0 || len(s.chunks[len(s.chunks)-1]) == chunkSize {
			if err := s.grow(); err != nil {
				return n - len(p), err
			}
		}
		last := &s.chunks[len(s.chunks)-1]
		k := min(len(p), chunkSize-len(*last))
		*last = append(*last, p[:k]...)
		p, s.size = p[k:], s.size+int64(k)
	}
	return n, nil
}

func (s *spool) grow() error {
	if s.file == nil && (s.size == 0 || s.size+chunkSize <= s.limit) {
		s.chunks = append(s.chunks, make([]byte, 0, chunkSize))
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.chunks = [][]byte{s.chunks[0][:0]} // the others go to the collector
	return nil
}

// flush writes the chunks to the file, which it makes at the first call.
func (s *spool) flush() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "gotune-corpus-*")
		if err != nil {
			return fmt.Errorf("make a file for decompressed text: %w", err)
		}
		s.file, s.named = f, os.Remove(f.Name()) != nil
	}
	for _, c := range s.chunks {
		if _, err := s.file.Write(c); err != nil {
			return fmt.Errorf("write decompressed text: %w (TMPDIR chooses another disk)", err)
		}
	}
	return nil
}

// finish ends the writing.
func (s *spool) finish() error {
	if s.file == nil {
		return nil
	}
	err := s.flush()
	s.chunks = nil
	return err
}

func (s *spool) ReadAt(p []byte, off int64) (n int, err error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	for n < len(p) && off < s.size {
		k := copy(p[n:], s.chunks[off/chunkSize][off%chunkSize:])
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *spool) Size() int64 { return s.size }

func (s *spool) Close() error {
	s.chunks, s.size = nil, 0
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	s.file = nil
	return err
}

// store is random access to a table's bytes.
type store interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// fileStore is a plain file.
type fileStore struct {
	*os.File
	size int64
}

func (f fileStore) Size() int64 { return f.size }

// sectionStore is a part of a store that someone else closes.
type sectionStore struct{ *io.SectionReader }

func (sectionStore) Close() error { return nil }

// spoolAll reads r to its end. A fault of r is the data's, any other the
// machine's.
func spoolAll(where string, r io.Reader, o Options) (*spool, error) {
	s := o.newSpool()
	if _, err := io.Copy(s, dataReader{r, where}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.finish(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// gunzip decompresses all of r, whose checksum stands at its end: a truncated
// file is found here and not in the middle of an epoch.
func gunzip(where string, r io.Reader, o Options) (*spool, error) {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return nil, gzipFault(where, err)
	}
	return spoolAll(where, zr, o)
}

// dataReader turns the errors of a decompressor into DataErrors, so that they
// can be told from the spool's own in the same copy.
type dataReader struct {
	io.Reader
	where string
}

func (d dataReader) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = gzipFault(d.where, err)
	}
	return n, err
}

func gzipFault(where string, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return fault(where, "empty file")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault(where, "truncated: the compressed data ends too early")
	case errors.Is(err, gzip.ErrHeader):
		return fault(where, "not a gzip file")
	}
	return fault(where, "damaged: %w", err)
}
