package corpus

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// tarball is a .tar, read where it lies, or a .tar.gz whose texts were
// decompressed into a spool: gzip has no random access.
type tarball struct {
	names
	data  store
	spans []span         // of files
	at    map[string]int // the latest of each name in files; nil until a link asks
}

type span struct{ off, n int64 }

func openTar(where string, gz bool, o Options) (*tarball, error) {
	f, err := os.Open(where)
	if err != nil {
		return nil, faultOf(where, err)
	}
	t := &tarball{names: names{where: where}}
	if gz {
		err = errors.Join(t.unpack(f, o), f.Close())
	} else {
		err = t.index(f)
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.sort()
	return t, nil
}

// index notes where the members lie in a plain .tar.
func (t *tarball) index(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return errors.Join(faultOf(t.where, err), f.Close())
	}
	t.data = fileStore{f, info.Size()}
	if info.Size() == 0 {
		return fault(t.where, "empty file")
	}
	in := &position{r: f}
	return t.each(in, tar.NewReader(in), func(tr *tar.Reader, h *tar.Header) (span, error) {
		return span{in.n, h.Size}, nil
	})
}

// unpack copies the wanted members' contents, and only these, into a spool.
func (t *tarball) unpack(f *os.File, o Options) error {
	zr, err := gzip.NewReader(f)
	if err != nil {
		return gzipFault(t.where, err)
	}
	s := o.newSpool()
	t.data = s
	in := &position{r: dataReader{zr, t.where}}
	buf := make([]byte, 32<<10) // io.Copy would make one for each text
	err = t.each(in, tar.NewReader(in), func(tr *tar.Reader, h *tar.Header) (span, error) {
		off := s.Size()
		n, err := io.CopyBuffer(s, tr, buf)
		return span{off, n}, err
	})
	if err != nil {
		return err
	}
	// What follows the archive is the checksum of it all.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	return s.finish()
}

// each steps through the archive and keeps what take says of each wanted
// file.
func (t *tarball) each(in *position, tr *tar.Reader, take func(*tar.Reader, *tar.Header) (span, error)) error {
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
		name := cleaned(h.Name)
		switch {
		case h.Typeflag == tar.TypeDir:
			t.folders = append(t.folders, name)
		case h.Typeflag == tar.TypeGNUSparse, h.PAXRecords["GNU.sparse.major"] != "", h.PAXRecords["GNU.sparse.map"] != "":
			return fault(t.where+": "+name, "sparse file in the archive: pack it without --sparse")
		case h.Typeflag == tar.TypeReg && isWanted(name):
			s, err := take(tr, h)
			if err != nil {
				return t.fault(err)
			}
			t.add(name, s)
		case h.Typeflag == tar.TypeLink && isWanted(name):
			if s, ok := t.linked(cleaned(h.Linkname)); ok {
				t.add(name, s)
			} else {
				t.leaveOut(name)
			}
		case h.Typeflag == tar.TypeSymlink && !isIgnoredPath(name):
			t.leaveOut(name)
		}
	}
}

// cleaned is a member's path as it lies below the archive's root.
func cleaned(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

func (t *tarball) add(name string, s span) {
	if t.at != nil {
		t.at[name] = len(t.files)
	}
	t.files = append(t.files, name)
	t.spans = append(t.spans, s)
}

// linked returns where the file of that name lies, of those so far.
func (t *tarball) linked(name string) (s span, ok bool) {
	if t.at == nil {
		t.at = make(map[string]int, len(t.files))
		for i, f := range t.files {
			t.at[f] = i
		}
	}
	i, ok := t.at[name]
	if !ok {
		return s, false
	}
	return t.spans[i], true
}

func (t *tarball) truncated() error {
	return fault(t.where, "truncated: the archive ends too early")
}

func (t *tarball) fault(err error) error {
	if _, ok := errors.AsType[*DataError](err); ok {
		return err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return t.truncated()
	case errors.Is(err, tar.ErrHeader):
		return fault(t.where, "damaged, or no tar archive")
	}
	return err
}

// sort puts the members in order of their names. Of two with the same name tar
// keeps the later one.
func (t *tarball) sort() {
	t.at = nil
	order := make([]int, len(t.files))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(t.files[a], t.files[b]) })
	files, spans := make([]string, 0, len(order)), make([]span, 0, len(order))
	for k, i := range order {
		if k+1 < len(order) && t.files[order[k+1]] == t.files[i] {
			continue
		}
		files, spans = append(files, t.files[i]), append(spans, t.spans[i])
	}
	t.files, t.spans = files, spans
}

func (t *tarball) text(i int) ([]byte, error) {
	s := t.spans[i]
	b, err := readText(t.in(i), io.NewSectionReader(t.data, s.off, s.n), s.n)
	if _, ok := errors.AsType[*DataError](err); err != nil && !ok {
		err = fmt.Errorf("%s: %w", t.in(i), err)
	}
	return b, err
}

func (t *tarball) table(i int, o Options) (store, error) {
	s := t.spans[i]
	return maybeGunzip(t.in(i), sectionStore{io.NewSectionReader(t.data, s.off, s.n)}, o)
}

func (t *tarball) close() error {
	if t.data == nil {
		return nil
	}
	return t.data.Close()
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
