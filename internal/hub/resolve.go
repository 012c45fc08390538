package hub

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Resolved is a model on this machine: a folder or a single file.
type Resolved struct {
	Dir      string   // the model's folder; empty if it is a single file
	File     string   // the single file; empty if it is a folder
	Source   string   // where it is from: a path, the repository's address, a URL
	Revision string   // the commit, for what comes from the hub
	Files    []string // names in Dir, slash-separated, where they are known
	Entry    *Entry   // of the manifest; nil for a path, an id or a URL
}

// Path returns the folder or the file.
func (r Resolved) Path() string {
	if r.File != "" {
		return r.File
	}
	return r.Dir
}

// Resolve finds or fetches the model that ref names and returns where it lies.
//
// want is what the caller can use; a model of another kind is refused before
// anything is fetched. A folder's content is not looked at. Errors that are
// ErrUsage are the caller's to correct; those that are ErrOffline say which file
// to put where. A cancelled fetch leaves its part behind and is resumed by the
// next.
func (c *Client) Resolve(ctx context.Context, ref string, want Kind) (Resolved, error) {
	defer c.Close() // between two models there is time enough to connect again
	r, err := c.parse(ref)
	if err != nil {
		return Resolved{}, err
	}
	switch {
	case r.path != "":
		return fromPath(r.path)
	case r.entry != nil:
		return c.resolveEntry(ctx, r.entry, r.revision, want)
	case r.url != "":
		file, err := c.plain(ctx, r.url, r.url, nil, -1)
		if err != nil {
			return Resolved{}, err
		}
		return Resolved{File: file, Source: withoutQuery(r.url)}, nil
	}
	s, err := c.snapshot(r.repo, r.revision, nil)
	if err != nil {
		return Resolved{}, err
	}
	if r.file != "" {
		file, err := s.file(ctx, r.file)
		if err != nil {
			return Resolved{}, err
		}
		return Resolved{File: file, Source: c.repoURL(r.repo), Revision: s.commit}, nil
	}
	return s.model(ctx, want)
}

// File fetches one file of a repository, or finds it in the cache, and returns
// its path. An empty revision is main.
func (c *Client) File(ctx context.Context, repo, revision, filename string) (string, error) {
	defer c.Close()
	if revision == "" {
		revision = mainRevision
	}
	if err := cmp.Or(checkRepo(repo), checkRevision(revision), checkFile(filename)); err != nil {
		return "", &UsageError{Ref: repo, Reason: err.Error()}
	}
	s, err := c.snapshot(repo, revision, nil)
	if err != nil {
		return "", err
	}
	return s.file(ctx, filename)
}

func fromPath(path string) (Resolved, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Resolved{}, err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return Resolved{}, err
	}
	if info.IsDir() {
		return Resolved{Dir: abs, Source: abs}, nil
	}
	return Resolved{File: abs, Source: abs}, nil
}

func (c *Client) resolveEntry(ctx context.Context, e *Entry, revision string, want Kind) (Resolved, error) {
	if want != Any && e.Kind != want {
		return Resolved{}, &UsageError{Ref: e.Name, Reason: fmt.Sprintf("it is a %s model, wanted is a %s one", e.Kind, want)}
	}
	if revision == mainRevision {
		if r, found, err := c.local(e); found || err != nil {
			return r, err
		}
	}
	switch {
	case e.Repo != "":
		return c.resolveRepo(ctx, e, revision)
	case len(e.Files) == 1 && e.Files[0].URL != "":
		f := e.Files[0]
		file, err := c.plain(ctx, e.Name, f.URL, f.digests(), f.Size)
		if err != nil {
			return Resolved{}, err
		}
		return Resolved{File: file, Source: f.URL, Entry: e}, nil
	case e.Instead != "":
		instead := Lookup(e.Instead)
		if instead == nil {
			return Resolved{}, fmt.Errorf("manifest.json: %s: no entry %q", e.Name, e.Instead)
		}
		c.log.Warn("the bundled model is not on this machine", "model", e.Name, "instead", instead.Name, "searched", c.o.Weights)
		return c.resolveEntry(ctx, instead, revision, want)
	}
	return Resolved{}, &UsageError{
		Ref:    e.Name,
		Reason: fmt.Sprintf("it comes with gotune, but is in none of %s; set GOTUNE_WEIGHTS to the folder that holds it", strings.Join(c.o.Weights, ", ")),
	}
}

func (c *Client) resolveRepo(ctx context.Context, e *Entry, revision string) (Resolved, error) {
	repo := e.Repo
	if !c.cached(repo) {
		// transformers kept these under their old ids, and what it fetched then
		// need not be fetched again. The hub still answers to them.
		if i := slices.IndexFunc(e.Legacy, c.cached); i >= 0 {
			repo = e.Legacy[i]
		}
	}
	pins := e.pins()
	if revision != mainRevision {
		pins = nil // the manifest speaks of main
	}
	s, err := c.snapshot(repo, revision, pins)
	if err != nil {
		return Resolved{}, err
	}
	s.name = e.Name
	r, err := s.model(ctx, e.Kind)
	if err != nil {
		return Resolved{}, err
	}
	r.Entry = e
	return r, nil
}
