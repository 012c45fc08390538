package cli

import (
	"os"
	"path/filepath"
)

// Lasting returns what names the same file in whatever folder a run goes on: the
// absolute path of one that is there. A name of a model stays as it is.
func Lasting(path string) string {
	if _, err := os.Stat(path); path == "" || err != nil {
		return path
	}
	abs, err := filepath.Abs(path)
	if err != nil { // the working folder is gone
		return path
	}
	return abs
}
