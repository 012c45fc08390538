package corpus

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// zipFile is a .zip. Its members are compressed one by one, so each text is
// decompressed when it is read, and checked by its CRC; a table goes into a
// spool.
type zipFile struct {
	names
	r       *zip.ReadCloser
	entries []*zip.File // of files
}

func openZip(where string) (*zipFile, error) {
	r, err := zip.OpenReader(where)
	switch {
	case errors.Is(err, zip.ErrFormat):
		return nil, fault(where, "damaged, truncated or no zip archive")
	case err != nil:
		return nil, faultOf(where, err)
	}
	z := &zipFile{names: names{where: where}, r: r}
	for _, f := range r.File {
		name := slashed(f)
		switch {
		case f.FileInfo().IsDir():
			z.folders = append(z.folders, name)
		case f.Mode()&fs.ModeSymlink != 0 && !isIgnoredPath(name):
			z.leaveOut(name)
		case !isWanted(name):
		case f.Flags&1 != 0:
			err = errors.Join(err, fault(where+": "+name, "encrypted"))
		case f.Method != zip.Store && f.Method != zip.Deflate:
			err = errors.Join(err, fault(where+": "+name, "compression method %d: only deflate is known", f.Method))
		default:
			z.entries = append(z.entries, f)
		}
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	slices.SortStableFunc(z.entries, func(a, b *zip.File) int { return strings.Compare(slashed(a), slashed(b)) })
	for _, f := range z.entries {
		z.files = append(z.files, slashed(f))
	}
	return z, nil
}

// slashed is a member's name; archives made on Windows may have backslashes.
func slashed(f *zip.File) string {
	return strings.Trim(strings.ReplaceAll(f.Name, `\`, "/"), "/")
}

func (z *zipFile) text(i int) ([]byte, error) {
	r, err := z.open(i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := readText(z.in(i), r, int64(z.entries[i].UncompressedSize64))
	return b, z.fault(i, err)
}

func (z *zipFile) open(i int) (io.ReadCloser, error) {
	r, err := z.entries[i].Open()
	return r, z.fault(i, err)
}

// fault tells a damaged member from a failing disk.
func (z *zipFile) fault(i int, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*DataError](err); ok {
		return err
	}
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault(z.in(i), "damaged: %w", err)
	}
	return fmt.Errorf("%s: %w", z.in(i), err)
}

func (z *zipFile) table(i int, o Options) (store, error) {
	r, err := z.open(i)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if _, gz := kindOf(z.files[i]); gz {
		return gunzip(z.in(i), r, o)
	}
	return spoolAll(z.in(i), r, o)
}

func (z *zipFile) close() error { return z.r.Close() }
