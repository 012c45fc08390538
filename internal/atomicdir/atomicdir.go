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
// disk and puts it in dir's place in one step. On an error dir is as it was.
func Replace(dir string, write func(tmp string) error) error {
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // after the exchange it holds the old content
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err := write(tmp); err != nil {
		return err
	}
	if err := syncTree(tmp); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := exchange(tmp, dir); err != nil {
		return err
	}
	return syncPath(parent)
}

// exchange renames tmp to dir, swapping the two where dir is there already: a
// plain rename cannot replace a folder that is not empty.
func exchange(tmp, dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(tmp, dir)
	}
	err := unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// A file system without the exchange: two renames, with the old content
		// findable in between.
		old := tmp + ".old"
		if err := os.Rename(dir, old); err != nil {
			return err
		}
		if err := os.Rename(tmp, dir); err != nil {
			return errors.Join(err, os.Rename(old, dir))
		}
		return os.RemoveAll(old)
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", dir, err)
	}
	return nil
}

func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(path)
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Clean removes from dir what a Replace, or a write of a file in one step, left
// there when its process was killed. No other may be at work in dir. A dir that
// is not there is clean.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		name, old := strings.CutSuffix(e.Name(), ".old")
		base := temporary(name)
		if base == "" {
			continue
		}
		to := filepath.Join(dir, base)
		if _, err := os.Lstat(to); old && errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, os.Rename(path, to)) // killed between the two renames
			continue
		}
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

// temporary returns what a name was to become, where it is one that os.MkdirTemp
// or renameio gives: hidden, and ending in a random number.
func temporary(name string) string {
	hidden, ok := strings.CutPrefix(name, ".")
	base := strings.TrimRight(hidden, "0123456789")
	if !ok || base == hidden {
		return ""
	}
	return strings.TrimSuffix(base, "-")
}
