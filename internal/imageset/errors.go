package imageset

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// A DataError says what is wrong with the data and where, so that the user can
// mend it: the command line answers it with exit code 2. An error of this
// package that is none (no space for the temporary file, a failing disk) is the
// machine's.
type DataError struct {
	Where string // "photos", "labels.csv:17", "photos.zip: ants/3.jpg"
	Err   error
}

func (e *DataError) Error() string { return e.Where + ": " + e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// ErrClosed is returned by every use after Close.
var ErrClosed = errors.New("image set is closed")

func fault(where, format string, args ...any) error {
	return &DataError{where, fmt.Errorf(format, args...)}
}

// faultOf wraps err. An fs.PathError says the path again; only its cause is
// kept. What the system refuses for reasons of its own, such as too many open
// files, is no fault of the data: a run that skips bad files must not skip all
// of them for it.
func faultOf(where string, err error) error {
	if _, ok := errors.AsType[*DataError](err); ok {
		return err
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	if no, ok := errors.AsType[syscall.Errno](err); ok {
		switch no {
		case syscall.ENOENT, syscall.EACCES, syscall.EPERM, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, syscall.ENAMETOOLONG:
		default:
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return &DataError{where, err}
}
