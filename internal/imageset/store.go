package imageset

import (
	"cmp"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A store holds files: a folder, an archive, or what a list names. Its members
// are the pictures among them, in the order of torchvision's ImageFolder, by
// folder and then by name.
type store interface {
	members() []member
	// dirs are the slash-separated paths of all folders, so that one without
	// pictures is seen.
	dirs() []string
	open(i int) (io.ReadCloser, error)
	in(i int) string       // names member i in messages
	absolute(i int) string // names it for a cache
	close() error
}

type member struct {
	name    string // slash-separated, below the store's root
	size    int64
	changed time.Time
}

// byFolder compares by folder, then by name.
func byFolder(a, b string) int {
	return cmp.Or(strings.Compare(path.Dir(a), path.Dir(b)), strings.Compare(a, b))
}

// folder is a directory on disk. Symbolic links are followed.
type folder struct {
	root    string
	abs     string
	files   []member
	folders []string
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
	slices.SortFunc(f.files, func(a, b member) int { return byFolder(a.name, b.name) })
	return f, nil
}

// walk lists dir and what is below it. above are the folders that lead to it,
// itself last: a link back to one of them would never end.
func (f *folder) walk(dir string, above []os.FileInfo, r *Report) error {
	entries, err := os.ReadDir(f.path(dir))
	if err != nil {
		return faultOf(f.path(dir), err)
	}
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
			f.files = append(f.files, member{name: name})
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
			f.files = append(f.files, member{name, info.Size(), info.ModTime()})
		default:
			r.Other++
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.root, filepath.FromSlash(name)) }

func (f *folder) members() []member { return f.files }
func (f *folder) dirs() []string    { return f.folders }
func (f *folder) in(i int) string   { return f.path(f.files[i].name) }
func (f *folder) close() error      { return nil }

func (f *folder) absolute(i int) string {
	return filepath.Join(f.abs, filepath.FromSlash(f.files[i].name))
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
	files []member
	paths []string // on disk, of each
	line  []string // what messages say before the path: "labels.csv:17: "
}

func (l *loose) members() []member { return l.files }
func (l *loose) dirs() []string    { return nil }
func (l *loose) close() error      { return nil }

func (l *loose) in(i int) string {
	if l.line != nil {
		return l.line[i] + l.paths[i]
	}
	return l.paths[i]
}

func (l *loose) absolute(i int) string {
	if abs, err := filepath.Abs(l.paths[i]); err == nil {
		return abs
	}
	return l.paths[i]
}

func (l *loose) open(i int) (io.ReadCloser, error) { return openFile(l.paths[i], l.in(i)) }
