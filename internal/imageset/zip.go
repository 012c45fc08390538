package imageset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// zipFile is a .zip. Its members are compressed one by one, so each is
// decompressed when it is read, and checked by its CRC.
type zipFile struct {
	where, abs string
	r          *zip.ReadCloser
	files
	entries []*zip.File // of files
	found   []zipped    // while it is listed
	folders []string
}

// zipped is a picture in the order of the archive.
type zipped struct {
	name  string
	entry *zip.File
}

func openZip(where string, r *Report) (*zipFile, error) {
	abs, err := filepath.Abs(where)
	if err != nil {
		return nil, faultOf(where, err)
	}
	zr, err := zip.OpenReader(where)
	switch {
	case errors.Is(err, zip.ErrFormat):
		return nil, fault(where, "damaged, truncated or no zip archive")
	case err != nil:
		return nil, faultOf(where, err)
	}
	z := &zipFile{where: where, abs: abs, r: zr}
	for _, f := range zr.File {
		if err := z.take(f, r); err != nil {
			return nil, errors.Join(err, zr.Close())
		}
	}
	z.sort()
	return z, nil
}

func (z *zipFile) take(f *zip.File, r *Report) error {
	name := zipName(f)
	switch {
	case name == "":
	case isHiddenPath(name):
		r.Hidden++
	case f.FileInfo().IsDir() || strings.HasSuffix(f.Name, `\`):
		z.folders = append(z.folders, name)
	case !isImage(name) || !f.Mode().IsRegular():
		r.Other++
	case f.Flags&1 != 0:
		return fault(z.where+": "+name, "encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fault(z.where+": "+name, "compression method %d: only deflate is known", f.Method)
	default:
		z.found = append(z.found, zipped{name, f})
	}
	return nil
}

// zipName is a member's path. Archives made on Windows may have backslashes, and
// names that do not claim to be UTF-8 and are not are of the DOS code page.
func zipName(f *zip.File) string {
	name := f.Name
	if f.NonUTF8 && !utf8.ValidString(name) {
		if s, err := charmap.CodePage437.NewDecoder().String(name); err == nil {
			name = s
		}
	}
	return inside(strings.ReplaceAll(name, `\`, "/"))
}

func (z *zipFile) sort() {
	slices.SortStableFunc(z.found, func(a, b zipped) int { return byFolder(a.name, b.name) })
	for _, f := range z.found {
		z.add(member{f.name, int64(min(f.entry.UncompressedSize64, 1<<62)), f.entry.Modified})
		z.entries = append(z.entries, f.entry)
	}
	z.found = nil
}

func (z *zipFile) dirs() []string  { return z.folders }
func (z *zipFile) in(i int) string { return z.where + ": " + z.name(i) }
func (z *zipFile) close() error    { return z.r.Close() }

// absolute has the contents' CRC in it, which a zip knows without reading them.
func (z *zipFile) absolute(i int) string {
	return fmt.Sprintf("%s!/%s#%08x", z.abs, z.name(i), z.entries[i].CRC32)
}

func (z *zipFile) open(i int) (io.ReadCloser, error) {
	r, err := z.entries[i].Open()
	if err != nil {
		return nil, fault(z.in(i), "damaged: %w", err)
	}
	return r, nil
}
