package imageset

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gotune/gotune/internal/column"
)

// tarball is a .tar, read where it lies, or a .tar.gz whose pictures were
// decompressed into a temporary file: gzip has no random access.
type tarball struct {
	where string
	abs   string
	data  *os.File
	temp  bool // data is a temporary file that may still have a name
	files
	at      column.Ints // where each begins in data
	folders []string
	found   []found        // while it is listed
	latest  map[string]int // of each name in found; nil until a link asks
}

// found is a picture in the order of the archive.
type found struct {
	name     string
	size, at int64
}

func openTar(where string, gz bool, o Options, r *Report) (*tarball, error) {
	abs, err := filepath.Abs(where)
	if err != nil {
		return nil, faultOf(where, err)
	}
	f, err := os.Open(where)
	if err != nil {
		return nil, faultOf(where, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(faultOf(where, err), f.Close())
	}
	t := &tarball{where: where, abs: abs}
	switch {
	case info.Size() == 0:
		err = errors.Join(fault(where, "empty file"), f.Close())
	case gz:
		err = errors.Join(t.unpack(f, o, r), f.Close())
	default:
		t.data = f
		in := &position{r: f}
		err = t.list(in, r, func(tr *tar.Reader, h *tar.Header) (int64, error) { return in.n, nil })
		if err == nil && in.n > info.Size() {
			// Stepping over a member by seeking goes beyond the end without an error.
			err = t.truncated()
		}
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.sort(info.ModTime())
	return t, nil
}

// unpack copies the pictures, and only these, into a temporary file. It has no
// name where the system allows it, so that even a killed process leaves none
// behind.
func (t *tarball) unpack(f *os.File, o Options, r *Report) error {
	zr, err := gzip.NewReader(f)
	if err != nil {
		return t.fault(err)
	}
	if t.data, err = os.CreateTemp(o.TempDir, "gotune-images-*"); err != nil {
		return fmt.Errorf("make a file for the pictures of %s: %w", t.where, err)
	}
	t.temp = os.Remove(t.data.Name()) != nil
	end := int64(0)
	limit := o.maxUnpacked()
	in := &position{r: zr}
	err = t.list(in, r, func(tr *tar.Reader, h *tar.Header) (int64, error) {
		at := end
		if end += h.Size; end > limit {
			return 0, fault(t.where, "unpacks to more than %d MiB", limit>>20)
		}
		// Reads are the archive's fault, writes the disk's.
		n, err := io.Copy(writeFault{t.data}, tr)
		if err == nil && n < h.Size {
			err = io.ErrUnexpectedEOF
		}
		return at, err
	})
	if err != nil {
		return err
	}
	// What follows the archive is the checksum of it all.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return t.fault(err)
	}
	return nil
}

// writeFault marks errors of writing, so that they can be told from those of
// reading in the same copy.
type writeFault struct{ w io.Writer }

type spoolError struct{ err error }

func (e *spoolError) Error() string {
	return fmt.Sprintf("write unpacked pictures: %v (TMPDIR chooses another disk)", e.err)
}
func (e *spoolError) Unwrap() error { return e.err }

func (w writeFault) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		err = &spoolError{err}
	}
	return n, err
}

// list steps through the archive; take says where a picture's bytes are.
func (t *tarball) list(in *position, r *Report, take func(*tar.Reader, *tar.Header) (int64, error)) error {
	tr := tar.NewReader(in)
	end := int64(0) // of the last member, padding included
	for {
		h, err := tr.Next()
		if err == io.EOF {
			// Two blocks of zeros end an archive. Where they are missing, it was cut
			// between two members.
			if in.n < end+512 {
				return t.truncated()
			}
			return nil
		}
		if err != nil {
			return t.fault(err)
		}
		end = in.n + (h.Size+511)&^511
		if h.Typeflag == tar.TypeLink || h.Typeflag == tar.TypeSymlink {
			end = in.n // whatever size the header tells, nothing follows
		}
		name := inside(h.Name)
		switch {
		case name == "":
		case isHiddenPath(name):
			r.Hidden++
		case h.Typeflag == tar.TypeDir:
			t.folders = append(t.folders, name)
		case h.Typeflag == tar.TypeLink && isImage(name):
			if f, ok := t.linked(inside(h.Linkname)); ok {
				t.take(found{name, f.size, f.at})
			} else {
				r.Other++
			}
		case h.Typeflag != tar.TypeReg || !isImage(name):
			// A sparse file is stored in pieces, a symbolic link not at all.
			r.Other++
		case h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != "":
			return fault(t.where+": "+name, "sparse file in the archive: pack it without --sparse")
		default:
			at, err := take(tr, h)
			if err != nil {
				return t.fault(err)
			}
			t.take(found{name, h.Size, at})
		}
	}
}

func (t *tarball) take(f found) {
	if t.latest != nil {
		t.latest[f.name] = len(t.found)
	}
	t.found = append(t.found, f)
}

// linked returns where the picture of that name lies, of those so far.
func (t *tarball) linked(name string) (f found, ok bool) {
	if t.latest == nil {
		t.latest = make(map[string]int, len(t.found))
		for i, f := range t.found {
			t.latest[f.name] = i
		}
	}
	i, ok := t.latest[name]
	if !ok {
		return f, false
	}
	return t.found[i], true
}

// inside cleans a member's path: archives may say "./a", "/a" or "../a".
func inside(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

func (t *tarball) truncated() error {
	return fault(t.where, "truncated: the archive ends too early, after %d pictures", len(t.found))
}

func (t *tarball) fault(err error) error {
	if _, ok := errors.AsType[*spoolError](err); ok {
		return err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return t.truncated()
	case errors.Is(err, tar.ErrHeader):
		return fault(t.where, "damaged, or no tar archive (after %d pictures)", len(t.found))
	case errors.Is(err, gzip.ErrHeader):
		return fault(t.where, "not a gzip file")
	}
	return faultOf(t.where, err)
}

// sort takes what was found in order. Of two with the same name tar keeps the
// later one.
func (t *tarball) sort(changed time.Time) {
	slices.SortStableFunc(t.found, func(a, b found) int { return byFolder(a.name, b.name) })
	for k, f := range t.found {
		if k+1 < len(t.found) && t.found[k+1].name == f.name {
			continue
		}
		t.add(member{f.name, f.size, changed})
		t.at.Append(int(f.at))
	}
	t.found, t.latest = nil, nil
}

func (t *tarball) dirs() []string        { return t.folders }
func (t *tarball) in(i int) string       { return t.where + ": " + t.name(i) }
func (t *tarball) absolute(i int) string { return t.abs + "!/" + t.name(i) }

func (t *tarball) open(i int) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(t.data, int64(t.at.At(i)), t.size(i))), nil
}

func (t *tarball) close() error {
	if t.data == nil {
		return nil
	}
	err := t.data.Close()
	if t.temp {
		err = errors.Join(err, os.Remove(t.data.Name()))
	}
	return err
}

// position is a reader that knows where it is. archive/tar reads whole headers
// and nothing ahead, so that after Next it is where the content begins.
type position struct {
	r io.Reader
	n int64
}

func (p *position) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	return n, err
}

// Seek lets archive/tar step over the contents of a plain file.
func (p *position) Seek(off int64, whence int) (int64, error) {
	s, ok := p.r.(io.Seeker)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	n, err := s.Seek(off, whence)
	if err == nil {
		p.n = n
	}
	return n, err
}
