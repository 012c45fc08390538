package cli

import (
	"os"
	"path/filepath"
)

// Locate makes relative paths absolute where the run goes on in another folder
// than it began in and they are found from there. In the same folder they stay, so
// that what names an example stays too; so does the name of a model.
func (r RunFile) Locate(paths ...*string) { r.locate(exists, paths) }

// LocateMade does so with folders that the run makes where they are not.
func (r RunFile) LocateMade(paths ...*string) {
	r.locate(func(string) bool { return true }, paths)
}

// What --cache may be beside a folder.
const (
	CacheAuto   = "auto"
	CacheMemory = "memory"
	CacheOff    = "off"
)

// InFolder says whether a --cache is a folder that the user named.
func InFolder(cache string) bool {
	return cache != "" && cache != CacheAuto && cache != CacheMemory && cache != CacheOff
}

func (r RunFile) locate(take func(there string) bool, paths []*string) {
	here, err := os.Getwd()
	if err == nil && here == r.Folder || r.Folder == "" {
		return
	}
	for _, p := range paths {
		if *p == "" || filepath.IsAbs(*p) {
			continue
		}
		if there := filepath.Join(r.Folder, *p); take(there) {
			*p = there
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
