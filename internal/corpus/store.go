package corpus

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
)

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
	if err != nil && !errors.Is(err, io.EOF) {
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
