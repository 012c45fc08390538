// Package tensorboard writes event files that TensorBoard opens.
//
// A file is a sequence of records as TFRecord frames them; each holds an Event
// message of tensorflow/core/util/event.proto. A run that goes on writes a file
// of its own, which begins with a session start, also where it begins anew:
// TensorBoard then drops the points of earlier files from that step on, so that no
// step shows twice.
package tensorboard

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Scalar is a point of one curve.
type Scalar struct {
	Tag   string // "group/name"; TensorBoard folds by what is before the slash
	Value float64
}

// Writer appends to an event file. It is not safe for concurrent use.
type Writer struct {
	f       *os.File
	buf     *bufio.Writer
	flushed time.Time
	err     error // the first
}

// flushEvery is how long a point waits until an open TensorBoard can see it.
const flushEvery = 2 * time.Second

// Create makes an event file in dir, which it makes too. from is the first step
// that this file tells of: what files that are there say of it and of later ones
// is void.
func Create(dir string, from int) (*Writer, error) { return create(dir, from, time.Now()) }

func create(dir string, from int, now time.Time) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path, earlier, err := nextFile(dir, now)
	if err != nil {
		return nil, err
	}
	// Never one that is there: two files of a second differ by their counter.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{f: f, buf: bufio.NewWriter(f), flushed: now}
	w.record(appendVersion(nil, now))
	if earlier > 0 {
		w.record(appendStart(nil, now, from))
	}
	if err := w.Flush(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// Scalars adds points of one step, at a time. It returns the first error that
// the file has had, each time.
func (w *Writer) Scalars(step int, at time.Time, points ...Scalar) error {
	w.record(appendScalars(nil, at, step, points))
	if at.Sub(w.flushed) >= flushEvery {
		w.flushed = at
		return w.Flush()
	}
	return w.err
}

// Flush hands what was added to the file.
func (w *Writer) Flush() error {
	if err := w.buf.Flush(); err != nil && w.err == nil {
		w.err = err // names the file
	}
	return w.err
}

// Sync puts what was added on the disk: a crash loses none of it.
func (w *Writer) Sync() error {
	if err := w.Flush(); err != nil {
		return err
	}
	w.err = w.f.Sync()
	return w.err
}

// Close flushes and closes the file.
func (w *Writer) Close() error {
	err := w.Flush()
	if closed := w.f.Close(); err == nil {
		err = closed
	}
	return err
}

func (w *Writer) record(event []byte) {
	if _, err := w.buf.Write(frame(event)); err != nil && w.err == nil {
		w.err = err
	}
}

const filePrefix = "events.out.tfevents."

// nextFile returns a name that sorts after all event files of dir, and how many
// those are: TensorBoard reads them in the order of their names, which hold the
// second, as ten digits, the process and a counter.
func nextFile(dir string, now time.Time) (path string, earlier int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", 0, err
	}
	second := now.Unix()
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), filePrefix)
		if !ok {
			continue
		}
		earlier++
		if digits, _, ok := strings.Cut(name, "."); ok {
			// The clock may have been set back since.
			if last, err := strconv.ParseInt(digits, 10, 64); err == nil && last >= second {
				second = last + 1
			}
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return filepath.Join(dir, fmt.Sprintf("%s%010d.%s.%d.%d", filePrefix, second, host, os.Getpid(), earlier)), earlier, nil
}
