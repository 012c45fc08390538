package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// LockName is the file of a run's folder that says who trains there. It is gone
// when the run has ended, and means nothing where its process was killed.
const LockName = ".lock"

// Lock keeps other processes from training in a run's folder. The kernel holds
// it, so it ends with its process, whatever ended that.
type Lock struct {
	path string
	f    *os.File // nil: released
}

// InUse is the error of a run's folder in which another process trains.
type InUse struct {
	Dir    string
	Holder string // "process 4242 on HOST"; "" where it has not said
}

func (e *InUse) Error() string {
	holder := "another process"
	if e.Holder != "" {
		holder = e.Holder
	}
	return fmt.Sprintf("%s is in use: %s trains there; let it end, or stop it, before the run goes on", e.Dir, holder)
}

// LockRun locks dir, which is made where it is not there. Where another process
// trains in it the error is an *[InUse]. A file system that knows no locks leaves
// the run unguarded. Release it when done.
func LockRun(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, LockName)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		current, err := hold(f, path)
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = &InUse{dir, holder(f)}
		}
		if err == nil && current {
			// Only for who reads it: the lock is held whatever the file says.
			host, _ := os.Hostname()
			_ = f.Truncate(0)
			_, _ = fmt.Fprintf(f, "process %d on %s\n", os.Getpid(), host)
			return &Lock{path, f}, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
}

// hold locks f. It is not current where the holder before has removed it between
// our opening and our locking it: the next one would make a file of its own.
func hold(f *os.File, path string) (current bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil && !errors.Is(err, unix.ENOLCK) && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.ENOSYS) {
		return false, err
	}
	ours, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(ours, there), err
}

// holder is what the process that holds the lock wrote.
func holder(f *os.File) string {
	data := make([]byte, 256)
	n, _ := f.ReadAt(data, 0)
	line, whole := strings.CutSuffix(string(data[:n]), "\n")
	if !whole {
		return "" // it is about to write it
	}
	return line
}

// Release lets others train in the folder. Releasing twice, or a nil lock, is
// harmless.
func (l *Lock) Release() {
	if l == nil || l.f == nil {
		return
	}
	_ = os.Remove(l.path) // while it is held: later it may be another's
	l.f.Close()
	l.f = nil
}
