package corpus

import (
	"errors"
	"fmt"
	"io/fs"
)

// A DataError says what is wrong with the data and where, so that the user can
// mend it: the command line answers it with exit code 2. An error of this
// package that is none (no space for the temporary file, a failing disk) is the
// machine's.
type DataError struct {
	Where string // "reviews.csv", "reviews.csv:17", "aclImdb.tar.gz: train/pos/3_7.txt"
	Err   error
}

func (e *DataError) Error() string { return e.Where + ": " + e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// ErrClosed is returned by every read after Close.
var ErrClosed = errors.New("corpus is closed")

func fault(where, format string, args ...any) error {
	return &DataError{where, fmt.Errorf(format, args...)}
}

// faultOf wraps err. An fs.PathError says the path again; only its cause is
// kept.
func faultOf(where string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return &DataError{where, err}
}

// rowError is what is wrong with one row; the table adds the file and line, and
// Options.SkipBad forgives it.
type rowError struct{ msg string }

func (e *rowError) Error() string { return e.msg }

func badRow(format string, args ...any) error { return &rowError{fmt.Sprintf(format, args...)} }
