package cli

import (
	"os"
	"path/filepath"
)

// Locate makes relative paths absolute where the run goes on in another folder
// than it began in and they are found from there. In the same folder they stay, so
// that what names an example stays too; so does the name of a model.
func (r RunFile) Locate(paths ...*string) {
	here, err := os.Getwd()
	if err == nil && here == r.Folder || r.Folder == "" {
		return
	}
	for _, p := range paths {
		if *p == "" || filepath.IsAbs(*p) {
			continue
		}
		if there := filepath.Join(r.Folder, *p); exists(there) {
			*p = there
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
