package tensorfile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edsrzf/mmap-go"
)

// mapping is a file's content in memory.
type mapping struct {
	data   []byte
	mapped mmap.MMap // nil where the file system cannot map and data was read
}

// openMapping maps a regular file read-only. Errors are os's and name the path,
// or are for the caller to put the path before.
func openMapping(path string) (m *mapping, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	// A mapping outlives its descriptor.
	defer func() { err = errors.Join(err, f.Close()) }()

	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: not a regular file", path)
	}
	if fi.Size() == 0 {
		return nil, fmt.Errorf("open %s: the file is empty", path)
	}
	mm, err := mmap.Map(f, mmap.RDONLY, 0)
	if err == nil {
		return &mapping{data: mm, mapped: mm}, nil
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return &mapping{data: data}, nil
}

// Close unmaps the file: a slice into it must not be read again.
func (m *mapping) Close() error {
	m.data = nil
	if m.mapped == nil {
		return nil
	}
	err := m.mapped.Unmap()
	m.mapped = nil
	return err
}
