package tensorfile

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/internal/atomicdir"
)

// writeBuffer gathers small tensors; larger ones pass it by.
const writeBuffer = 1 << 20

// replaceFile writes path through a temporary file beside it: content, fsync,
// rename, fsync of the folder. After an error the old file is as it was and the
// temporary one gone; after a crash at any point path is the old or the new
// file, whole. Errors are without the path, which is the caller's to name.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	dir, base := filepath.Split(path)
	if base == "" {
		return errors.New("the path names a folder")
	}
	// Hidden, and not by os.CreateTemp, whose files are private: the model gets
	// the permissions that the umask gives any file.
	tmp := filepath.Join(dir, "."+base+"."+rand.Text()[:8]+".tmp")
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return cause(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(cause(err), f.Close(), os.Remove(tmp))
		}
	}()
	if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
		if err := f.Chmod(fi.Mode().Perm()); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(f, writeBuffer)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	// From here on the new file is in place: nothing may remove it.
	return errors.Join(f.Close(), atomicdir.SyncDir(cmp.Or(dir, ".")))
}

// cause strips the temporary file's name from an os error.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
