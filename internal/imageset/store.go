package imageset

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gotune/gotune/internal/column"
)

// A store holds files: a folder, an archive, or what a list names. Its members
// are the pictures among them, in the order of torchvision's ImageFolder, by
// folder and then by name.
type store interface {
	len() int
	name(i int) string // slash-separated, below the store's root
	names() iter.Seq2[int, string]
	size(i int) int64
	lastChange(i int) time.Time
	// dirs are the slash-separated paths of all folders, so that one without
	// pictures is seen.
	dirs() []string
	open(i int) (io.ReadCloser, error)
	in(i int) string       // names member i in messages
	absolute(i int) string // names it for a cache
	close() error
}

// byFolder compares by folder, then by name.
func byFolder(a, b string) int {
	return cmp.Or(strings.Compare(path.Dir(a), path.Dir(b)), strings.Compare(a, b))
}

// folder is a directory on disk. Symbolic links are followed.
type folder struct {
	files
	root    string
	abs     string
	folders []string
	found   []*listing // while it is walked
}

// listing is the pictures of one folder, sorted.
type listing struct {
	dir string // as path.Dir has it
	files
}

func openFolder(root string, r *Report) (*folder, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, faultOf(root, err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, faultOf(root, err)
	}
	f := &folder{root: root, abs: abs}
	if err := f.walk("", []os.FileInfo{info}, r); err != nil {
		return nil, err
	}
	// The order of byFolder: the folders by their paths, and the files of each as
	// they were listed.
	slices.SortFunc(f.found, func(a, b *listing) int { return strings.Compare(a.dir, b.dir) })
	for _, l := range f.found {
		for _, m := range l.all() {
			f.add(m)
		}
	}
	f.found = nil
	return f, nil
}

// walk lists dir and what is below it. above are the folders that lead to it,
// itself last: a link back to one of them would never end.
func (f *folder) walk(dir string, above []os.FileInfo, r *Report) error {
	entries, err := os.ReadDir(f.path(dir))
	if err != nil {
		return faultOf(f.path(dir), err)
	}
	here := &listing{dir: path.Clean(dir)}
	f.found = append(f.found, here)
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if isHidden(e.Name()) {
			r.Hidden++
			continue
		}
		info, err := e.Info()
		if err == nil && info.Mode()&os.ModeSymlink != 0 {
			info, err = os.Stat(f.path(name))
		}
		switch {
		case err != nil && isImage(name):
			// A dangling link or a file gone meanwhile: reading it will say so, and
			// what a bad file means is not for the listing to decide.
			here.add(member{name: name})
		case err != nil:
			r.Other++
		case info.IsDir():
			for _, a := range above {
				if os.SameFile(a, info) {
					return fault(f.path(name), "a link back to a folder that holds it")
				}
			}
			f.folders = append(f.folders, name)
			if err := f.walk(name, append(slices.Clip(above), info), r); err != nil {
				return err
			}
		case isImage(name) && info.Mode().IsRegular():
			here.add(member{name, info.Size(), info.ModTime()})
		default:
			r.Other++
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.root, filepath.FromSlash(name)) }

func (f *folder) dirs() []string  { return f.folders }
func (f *folder) in(i int) string { return f.path(f.name(i)) }
func (f *folder) close() error    { return nil }

func (f *folder) absolute(i int) string {
	return filepath.Join(f.abs, filepath.FromSlash(f.name(i)))
}

func (f *folder) open(i int) (io.ReadCloser, error) { return openFile(f.in(i), f.in(i)) }

// openFile opens a regular file: a picture replaced by a pipe would hang the
// reader. where names it in messages.
func openFile(path, where string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, faultOf(where, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault(where, "not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, faultOf(where, err)
	}
	return file, nil
}

// loose is pictures given one by one, or by a list.
type loose struct {
	files
	where string // the list's path, or the only picture's
	list  bool
	lines column.Ints // of the list, of each
}

// onDisk returns the path of a picture of that name.
func (l *loose) onDisk(name string) string {
	path := filepath.FromSlash(name)
	switch {
	case !l.list:
		return l.where
	case filepath.IsAbs(path):
		return path
	}
	return filepath.Join(filepath.Dir(l.where), path)
}

func (l *loose) path(i int) string { return l.onDisk(l.name(i)) }

func (l *loose) dirs() []string { return nil }
func (l *loose) close() error   { return nil }

func (l *loose) in(i int) string {
	if l.list {
		return fmt.Sprintf("%s:%d: %s", l.where, l.lines.At(i), l.path(i))
	}
	return l.where
}

func (l *loose) absolute(i int) string {
	path := l.path(i)
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func (l *loose) open(i int) (io.ReadCloser, error) { return openFile(l.path(i), l.in(i)) }
