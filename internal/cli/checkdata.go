package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// CheckData reports that DATA or --val is not there, before a model is fetched
// for it. What is there is for its reader to judge.
func CheckData(data, val string) error {
	var errs []error
	absent := func(flag, path string) {
		if _, err := os.Stat(path); path != "" && errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s%s: no such file or directory", flag, path))
		}
	}
	absent("", data)
	absent("--val: ", val)
	return Usage(errors.Join(errs...))
}
