package corpus

import (
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
