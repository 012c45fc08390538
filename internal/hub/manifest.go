package hub

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sync"
)

//go:embed manifest.json
var manifestJSON []byte

// Kind says what a model reads.
type Kind string

// The kinds of model; Any accepts each.
const (
	Any    Kind = ""
	Text   Kind = "text"
	Vision Kind = "vision"
)

// Entry is a model that has a name of its own.
type Entry struct {
	Name         string `json:"name"`
	Kind         Kind   `json:"kind"`
	Architecture string `json:"architecture"`
	Summary      string `json:"summary"`
	// Bundled models lie in the weights folder and have no address.
	Bundled bool `json:"bundled,omitempty"`
	// Instead names the entry that is fetched where the bundled files are absent.
	Instead string `json:"instead,omitempty"`
	// Repo is the repository on the hub; Legacy are ids under which an older
	// cache may hold the same repository.
	Repo    string      `json:"repo,omitempty"`
	Legacy  []string    `json:"legacy,omitempty"`
	Files   []EntryFile `json:"files"`
	Licence string      `json:"licence"`
	Source  string      `json:"source"`
}

// EntryFile is one file of an Entry. What is not known is empty.
type EntryFile struct {
	Path string `json:"path"`
	// URL is the file's plain address; files of a repository have none.
	URL    string `json:"url,omitempty"`
	Size   int64  `json:"size,omitempty"` // bytes
	SHA256 string `json:"sha256,omitempty"`
	// SHA256Prefix is the part of the hash that the publisher's file name carries.
	SHA256Prefix string `json:"sha256_prefix,omitempty"`
	MD5          string `json:"md5,omitempty"`
}

func (f EntryFile) digests() []digest {
	switch {
	case f.SHA256 != "":
		return []digest{{sha256Sum, f.SHA256}}
	case f.SHA256Prefix != "":
		return []digest{{sha256Sum, f.SHA256Prefix}}
	case f.MD5 != "":
		return []digest{{md5Sum, f.MD5}}
	}
	return nil
}

// pins returns the whole SHA-256 of each file that the manifest knows.
func (e *Entry) pins() map[string]string {
	pins := make(map[string]string)
	for _, f := range e.Files {
		if f.SHA256 != "" {
			pins[f.Path] = f.SHA256
		}
	}
	return pins
}

// Verify reads every file of the entry in dir and compares size and hash with
// the manifest. The error names the first file that is missing or differs.
func (e *Entry) Verify(dir string) error {
	for _, f := range e.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("verify %s: %w", e.Name, err)
		}
		if f.Size != 0 && info.Size() != f.Size {
			return fmt.Errorf("verify %s: %s has %d bytes, want %d", e.Name, name, info.Size(), f.Size)
		}
		if err := verify(name, f.digests()); err != nil {
			return fmt.Errorf("verify %s: %w", e.Name, err)
		}
	}
	return nil
}

// parsed reads the manifest once; it is the program's own, so its faults are
// the tests' to find, and Lookup would only repeat the same error.
var parsed = sync.OnceValues(func() ([]Entry, error) { return parseManifest(manifestJSON) })

// Manifest returns the models that have names, in the manifest's order.
func Manifest() ([]Entry, error) { return parsed() }

// Lookup returns the entry of that name, or nil.
func Lookup(name string) *Entry {
	entries, err := parsed()
	if err != nil {
		return nil
	}
	for i := range entries {
		if entries[i].Name == name {
			e := entries[i]
			return &e
		}
	}
	return nil
}

func parseManifest(data []byte) ([]Entry, error) {
	var m struct {
		Models []Entry `json:"models"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	for _, e := range m.Models {
		for _, f := range e.Files {
			if f.Path == "" || path.Clean(f.Path) != f.Path || !filepath.IsLocal(filepath.FromSlash(f.Path)) {
				return nil, fmt.Errorf("manifest.json: %s: file %q is not a relative path", e.Name, f.Path)
			}
		}
	}
	return m.Models, nil
}
