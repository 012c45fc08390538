// Package atomicdir replaces a folder as a whole: a reader, or the next start
// after a power cut, sees the old content or the new, never a mixture.
package atomicdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Replace calls write with an empty folder beside dir, syncs what it wrote to
// disk and puts it in dir's place in one step. On an error dir is as it was, but
// where that step itself may not be on disk: then dir has the new content, and the
// old one stays in the folder that the error names.
func Replace(dir string, write func(tmp string) error) error {
	return replace(dir, write, SyncDir)
}

func replace(dir string, write func(tmp string) error, syncParent func(string) error) error {
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	spent := tmp
	defer func() { os.RemoveAll(spent) }() // what stays costs room alone; see Clean
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := write(tmp); err != nil {
		return err
	}
	if err := syncTree(tmp); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	old, err := exchange(tmp, dir)
	if err != nil {
		return err
	}
	spent = old
	if err := syncParent(parent); err != nil {
		// A power cut may bring back the old content, which must be there then.
		spent = ""
		err = fmt.Errorf("%s is replaced, but may not be after a power cut: sync %s: %w", dir, parent, err)
		if old != "" {
			err = fmt.Errorf("%w; the old content is in %s", err, old)
		}
		return err
	}
	return nil
}

// exchange renames tmp to dir, swapping the two where dir is there already: a
// plain rename cannot replace a folder that is not empty. It returns where the
// old content is, "" for none.
func exchange(tmp, dir string) (old string, err error) {
	fi, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", os.Rename(tmp, dir)
	}
	if err != nil {
		return "", err
	}
	if !fi.IsDir() { // a folder and a file can be swapped too
		return "", fmt.Errorf("replace %s: it is no folder", dir)
	}
	err = unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// A file system without the exchange: two renames, with the old content
		// findable in between.
		old := tmp + oldSuffix
		if err := os.Rename(dir, old); err != nil {
			return "", err
		}
		if err := os.Rename(tmp, dir); err != nil {
			return "", errors.Join(err, os.Rename(old, dir))
		}
		return old, nil
	}
	if err != nil {
		return "", fmt.Errorf("replace %s: %w", dir, err)
	}
	return tmp, nil
}

const oldSuffix = ".old"

func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return SyncDir(path)
		}
		return syncPath(path)
	})
}

// SyncDir makes the names in dir durable, where its file system can: the others
// say so with an error that means nothing to the user. A folder that may be
// written to but not read is fine too.
func SyncDir(dir string) error {
	err := syncPath(dir)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EINVAL) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Clean removes from dir what a Replace of a folder, or renameio's write of a file,
// left there when its process was killed, where ours says that the name is of such a
// folder or file. No other may be at work in dir. What cannot be removed stays, for
// it costs room alone; an error is of a folder's only content, which cannot be put
// back in its place. A dir that is not there is clean.
func Clean(dir string, ours func(name string) bool) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		name, old := temporary(e)
		if name == "" || !ours(name) {
			continue
		}
		path, to := filepath.Join(dir, e.Name()), filepath.Join(dir, name)
		if _, err := os.Lstat(to); old && errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, os.Rename(path, to)) // killed between the two renames
			continue
		}
		_ = os.RemoveAll(path)
	}
	return errors.Join(errs...)
}

// temporary returns what an entry was to become, where its name is one that
// os.MkdirTemp gives a folder in Replace, or renameio a file: hidden, and ending in a
// random number. old says that it is the folder's content before.
func temporary(e fs.DirEntry) (name string, old bool) {
	hidden, ok := strings.CutPrefix(e.Name(), ".")
	folder := e.IsDir() || e.Type() == fs.ModeSymlink // a link to one was replaced
	if folder {
		hidden, old = strings.CutSuffix(hidden, oldSuffix)
	}
	base := strings.TrimRight(hidden, "0123456789")
	if !ok || base == hidden {
		return "", false
	}
	if folder {
		if base, ok = strings.CutSuffix(base, "-"); !ok {
			return "", false
		}
	}
	return base, old
}
