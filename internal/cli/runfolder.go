package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotune/gotune/pkg/train"
)

// LockRun keeps other processes from training in a run's folder until it is
// released.
func LockRun(dir string) (*train.Lock, error) {
	lock, err := train.LockRun(dir)
	var used *train.InUse
	if errors.As(err, &used) {
		return nil, Usage(err)
	}
	if err != nil {
		return nil, Usagef("--out: %w", err)
	}
	return lock, nil
}

// mostRuns bounds the numbers of runs on data of one name.
const mostRuns = 9999

// lock locks the run's folder and returns it: Out, or where that is empty the first
// numbered one that holds nothing and in which nobody trains. It is taken here and
// no sooner: a run that fails on its data or its model leaves no folder, and of two
// that begin together each gets its own.
func (o TrainOptions) lock() (dir string, lock *train.Lock, err error) {
	if o.Out != "" {
		lock, err = LockRun(o.Out)
		return o.Out, lock, err
	}
	for n := 1; n <= mostRuns; n++ {
		dir = runFolder(o.Data, n)
		if err = CheckOut(dir); err != nil {
			continue
		}
		lock, err = LockRun(dir)
		var used *train.InUse
		if errors.As(err, &used) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		// The other may have locked it, ended and gone since we looked.
		if err = CheckOut(dir); err == nil {
			return dir, lock, nil
		}
		lock.Release()
	}
	return "", nil, err
}

// runFolder is that of the nth run on data: runs/ and the data's name, with a number
// from the second run on.
func runFolder(data string, n int) string {
	name := "run"
	if abs, err := filepath.Abs(data); err == nil && filepath.Base(abs) != string(filepath.Separator) {
		name = filepath.Base(abs)
	}
	if info, err := os.Stat(data); err == nil && !info.IsDir() {
		for _, ext := range []string{".gz", ".tar", ".tgz", ".zip", ".csv", ".tsv", ".jsonl"} {
			name = strings.TrimSuffix(name, ext)
		}
	}
	if n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return filepath.Join("runs", name)
}
