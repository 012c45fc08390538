package hub

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
)

func (s *snapshot) absent(name string) error {
	return &StatusError{
		URL: s.c.resolveURL(s.repo, s.commit, name), Endpoint: s.c.endpoint.String(),
		Repo: s.repo, Revision: s.revision, File: name, Status: http.StatusNotFound, Code: codeEntryNotFound,
	}
}

// notCachedError is why a file cannot be had while the hub is out of reach.
type notCachedError struct{ error }

func (e *notCachedError) Unwrap() error { return e.error }

func (s *snapshot) notCached(name string) error {
	if !errors.Is(s.local, ErrOffline) {
		return &notCachedError{fmt.Errorf("%s of %s is not in the cache %s and cannot be fetched: %w", name, s.repo, s.c.o.CacheDir, s.local)}
	}
	return &notCachedError{&OfflineError{What: name + " of " + s.repo, Remedy: s.remedy()}}
}

// remedy says how a machine without a network gets the repository.
func (s *snapshot) remedy() string {
	remedy := fmt.Sprintf("on a machine with network, fetch it and copy %s to %s",
		repoFolder(s.repo), s.c.o.CacheDir)
	if s.name != "" && len(s.c.o.Weights) > 0 {
		remedy += fmt.Sprintf(", or put the repository's files into %s", filepath.Join(s.c.o.Weights[0], s.name))
	} else {
		remedy += ", or give a folder with the repository's files in place of its id"
	}
	return remedy
}

// lacks is the error for a repository with none of the alternatives, where the
// cache cannot say so: then file is what to bring.
func (s *snapshot) lacks(file, alternatives string) error {
	if s.local != nil {
		return s.notCached(file)
	}
	return &UsageError{
		Ref: s.repo, Reason: "the repository has none of " + strings.ReplaceAll(alternatives, " or ", ", "),
	}
}
