package corpus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A tree is a folder or an archive: named members, readable at random and from
// any goroutine.
type tree interface {
	// members are the slash-separated paths of the files that can hold examples,
	// sorted; dirs those of folders that may hold none.
	members() []string
	dirs() []string

	notes() []string // on members that were left out

	text(i int) ([]byte, error)            // all of member i
	table(i int, o Options) (store, error) // member i, decompressed; the caller closes it
	close() error
}

// names is the part that all trees share.
type names struct {
	where   string // the path that the user gave
	files   []string
	folders []string
	links   int    // left out
	link    string // the first of them
}

func (n *names) members() []string { return n.files }
func (n *names) dirs() []string    { return n.folders }

func (n *names) leaveOut(link string) {
	if n.links++; n.links == 1 {
		n.link = link
	}
}

func (n *names) notes() []string {
	if n.links == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d links in the archive are left out; the first: %s", n.links, n.link)}
}

// in names a member in error messages.
func (n *names) in(i int) string { return n.where + ": " + n.files[i] }

func openTree(path string, o Options) (tree, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, faultOf(path, err)
	}
	k, gz := kindOf(path)
	switch {
	case info.IsDir():
		return openFolder(path)
	case k == kindTar:
		return openTar(path, gz, o)
	case k == kindZip:
		return openZip(path)
	}
	return nil, fault(path, "not a kind of data that is known by its name: want %s", knownKinds)
}

// folder is a directory on disk. Symbolic links are followed.
type folder struct{ names }

// maxDepth ends what a symbolic link to a parent would begin.
const maxDepth = 16

func openFolder(root string) (*folder, error) {
	f := &folder{names{where: root}}
	if err := f.walk("", 0); err != nil {
		return nil, err
	}
	slices.Sort(f.files)
	return f, nil
}

func (f *folder) walk(dir string, depth int) error {
	if depth > maxDepth {
		return fault(f.path(dir), "folders are nested deeper than %d (a link to a parent?)", maxDepth)
	}
	entries, err := os.ReadDir(f.path(dir))
	if err != nil {
		return faultOf(f.path(dir), err)
	}
	for _, e := range entries {
		if isIgnored(e.Name()) {
			continue
		}
		name, isDir := e.Name(), e.IsDir()
		if dir != "" {
			name = dir + "/" + name
		}
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(f.path(name))
			if err != nil {
				return faultOf(f.path(name), err)
			}
			isDir = info.IsDir()
		}
		switch {
		case isDir:
			f.folders = append(f.folders, name)
			if err := f.walk(name, depth+1); err != nil {
				return err
			}
		case isWanted(name):
			f.files = append(f.files, name)
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.where, filepath.FromSlash(name)) }

func (f *folder) text(i int) ([]byte, error) {
	path := f.path(f.files[i])
	file, err := os.Open(path)
	if err != nil {
		return nil, faultOf(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, faultOf(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault(path, "not a regular file")
	}
	return readText(path, file, info.Size())
}

// readText reads a text of that size. Of a failing disk it returns the error as
// it is.
func readText(where string, r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > maxRow {
		return nil, fault(where, "a text of %d MiB: the limit is %d", size>>20, maxRow>>20)
	}
	// One more than expected shows the end without growing.
	buf := make([]byte, size+1)
	n, err := io.ReadFull(r, buf)
	switch {
	case err == nil:
		return nil, fault(where, "the text grows while it is read")
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return nil, err
	case int64(n) < size:
		return nil, fault(where, "cut off: %d bytes where there were %d", n, size)
	}
	return buf[:n], nil
}

func (f *folder) table(i int, o Options) (store, error) {
	path := f.path(f.files[i])
	file, err := os.Open(path)
	if err != nil {
		return nil, faultOf(path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(faultOf(path, err), file.Close())
	}
	return maybeGunzip(path, fileStore{file, info.Size()}, o)
}

// maybeGunzip decompresses s, which it then closes, if the name says so.
func maybeGunzip(name string, s store, o Options) (store, error) {
	if _, gz := kindOf(name); !gz {
		return s, nil
	}
	out, err := gunzip(name, io.NewSectionReader(s, 0, s.Size()), o)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return out, nil
}

func (f *folder) close() error { return nil }
