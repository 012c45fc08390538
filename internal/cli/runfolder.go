package cli

import (
	"errors"
	"fmt"
	"io/fs"
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

// RunFolder is out, or where that is empty a folder that is not there yet: runs/
// and the data's name, with a number from the second run on.
func RunFolder(out, data string) string {
	if out != "" {
		return out
	}
	name := "run"
	if abs, err := filepath.Abs(data); err == nil && filepath.Base(abs) != string(filepath.Separator) {
		name = filepath.Base(abs)
	}
	if info, err := os.Stat(data); err == nil && !info.IsDir() {
		for _, ext := range []string{".gz", ".tar", ".tgz", ".zip", ".csv", ".tsv", ".jsonl"} {
			name = strings.TrimSuffix(name, ext)
		}
	}
	dir := filepath.Join("runs", name)
	for n := 2; ; n++ {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || n > 9999 {
			return dir
		}
		dir = filepath.Join("runs", fmt.Sprintf("%s-%d", name, n))
	}
}
