package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// cacheTag tells backup programs that the folder can be made anew
// (https://bford.info/cachedir/).
const cacheTag = "Signature: 8a477f597d28d172789f06886806bc55\n# Models fetched from a hub; see https://huggingface.co/docs/huggingface_hub\n"

// snapshot is one revision of one repository in the cache.
type snapshot struct {
	c        *Client
	repo     string
	revision string            // as asked for: a branch, a tag, a commit
	commit   string            // what it is, once known
	pins     map[string]string // SHA-256 by file, from the manifest
	name     string            // the manifest's name, for messages; may be empty

	// local is why only the cache is asked, once the hub could not be reached.
	local error
}

func (c *Client) snapshot(repo, revision string, pins map[string]string) (*snapshot, error) {
	if c.o.CacheDir == "" {
		return nil, fmt.Errorf("%s: no folder for models from the hub; set HOME or HF_HOME", repo)
	}
	s := &snapshot{c: c, repo: repo, revision: revision, pins: pins}
	if commitPattern.MatchString(revision) {
		s.commit = revision
	}
	if c.o.Offline {
		s.local = ErrOffline
	}
	return s, nil
}

func repoFolder(repo string) string { return "models--" + strings.ReplaceAll(repo, "/", "--") }

func (c *Client) cached(repo string) bool {
	_, err := os.Stat(filepath.Join(c.o.CacheDir, repoFolder(repo), "snapshots"))
	return err == nil
}

func (s *snapshot) path(elem ...string) string {
	return filepath.Join(append([]string{s.c.o.CacheDir, repoFolder(s.repo)}, elem...)...)
}

func (s *snapshot) blob(etag string) string { return s.path("blobs", etag) }

func (s *snapshot) lock(etag string) string {
	return filepath.Join(s.c.o.CacheDir, ".locks", repoFolder(s.repo), etag+".lock")
}

// pointer is the file's place in the snapshot of the commit.
func (s *snapshot) pointer(file string) string {
	return s.path("snapshots", s.commit, filepath.FromSlash(file))
}

func (s *snapshot) noExist(file string) string {
	return s.path(".no_exist", s.commit, filepath.FromSlash(file))
}

// cachedCommit returns the commit that the revision was when the cache last
// heard of it; empty if it never did.
func (s *snapshot) cachedCommit() string {
	if s.commit != "" {
		return s.commit
	}
	data, err := os.ReadFile(s.path("refs", filepath.FromSlash(s.revision)))
	commit := strings.TrimSpace(string(data))
	if err != nil || !safeName(commit) {
		return ""
	}
	return commit
}

// has reports whether the snapshot holds the file; a dangling link is none.
func (s *snapshot) has(file string) bool { return s.commit != "" && isFile(s.pointer(file)) }

func (s *snapshot) knownAbsent(file string) bool { return s.commit != "" && isFile(s.noExist(file)) }

// record notes which commit the revision is.
func (s *snapshot) record() error {
	if s.revision == s.commit {
		return nil
	}
	name := s.path("refs", filepath.FromSlash(s.revision))
	if old, err := os.ReadFile(name); err == nil && string(old) == s.commit {
		return nil // the cache may be read-only
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return renameio.WriteFile(name, []byte(s.commit), 0o644)
}

// recordAbsent notes that the commit lacks the file, so that nobody asks again.
func (s *snapshot) recordAbsent(file string) {
	name := s.noExist(file)
	err := os.MkdirAll(filepath.Dir(name), 0o777)
	if err == nil {
		err = errors.Join(os.WriteFile(name, nil, 0o644), s.record())
	}
	if err != nil {
		s.c.log.Debug("cannot note a missing file in the cache", "file", name, "err", err)
	}
}

// link makes the blob appear as the file in the snapshot, by a relative link as
// the cache may be moved as a whole.
func (s *snapshot) link(etag, file string) error {
	blob, pointer := s.blob(etag), s.pointer(file)
	target, err := filepath.Rel(filepath.Dir(pointer), blob)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(pointer), 0o777); err != nil {
		return err
	}
	err = renameio.Symlink(target, pointer)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		// A file system without links: the file itself stands in the snapshot.
		if os.Link(blob, pointer) == nil {
			return nil
		}
		return os.Rename(blob, pointer)
	}
	return err
}

func (s *snapshot) tag() {
	name := filepath.Join(s.c.o.CacheDir, "CACHEDIR.TAG")
	if _, err := os.Stat(name); err == nil {
		return
	}
	if err := os.WriteFile(name, []byte(cacheTag), 0o644); err != nil {
		s.c.log.Debug("cannot mark the cache", "file", name, "err", err)
	}
}

// safeName reports that a server's word can be the name of a file in a folder.
func safeName(s string) bool {
	if s == "" || len(s) > 128 || s[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_.+=", r)
	})
}
