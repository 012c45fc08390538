package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// file returns the path of the file in the snapshot, fetching it if need be.
//
// The hub is asked once per snapshot: from the first answer on the commit is
// known, and every further file is of that commit, even if the branch moves
// meanwhile. When the hub does not answer, the cache does.
func (s *snapshot) file(ctx context.Context, name string) (string, error) {
	if err := checkFile(name); err != nil {
		return "", fmt.Errorf("%s: %w", s.repo, err)
	}
	if s.local != nil {
		s.commit = s.cachedCommit()
	}
	switch {
	case s.has(name):
		return s.pointer(name), s.checkPin(name)
	case s.knownAbsent(name):
		return "", s.absent(name)
	case s.local != nil:
		return "", s.notCached(name)
	}

	asked := s.revision
	if s.commit != "" {
		asked = s.commit
	}
	m, err := s.ask(ctx, asked, name)
	if err != nil {
		return "", err
	}
	if s.local != nil { // the hub did not answer, the cache has it
		return s.pointer(name), s.checkPin(name)
	}
	s.commit = m.commit
	if s.has(name) {
		if err := s.record(); err != nil {
			s.c.log.Debug("cannot note the revision in the cache", "repo", s.repo, "err", err)
		}
		return s.pointer(name), s.checkPin(name)
	}
	return s.pointer(name), s.download(ctx, name, m)
}

// ask asks the hub for the file's metadata. If the hub fails where the cache
// does not, s.local says why and the metadata is empty.
func (s *snapshot) ask(ctx context.Context, revision, name string) (metadata, error) {
	cached := *s
	cached.commit = s.cachedCommit()
	askCtx, cancel := ctx, context.CancelFunc(func() {})
	if cached.has(name) {
		askCtx, cancel = context.WithTimeout(context.WithValue(ctx, impatient{}, true), s.c.o.CheckTimeout)
	}
	defer cancel()
	m, err := s.c.head(askCtx, s.repo, revision, name)
	if err == nil {
		return m, nil
	}
	var status *StatusError
	answered := errors.As(err, &status)
	if answered && status.Status == http.StatusNotFound && (status.Code == codeEntryNotFound || status.Code == "" && m.commit != "") {
		status.Code = codeEntryNotFound
		if safeName(m.commit) {
			s.commit = m.commit
			s.recordAbsent(name)
		}
		return m, err
	}
	if ctx.Err() != nil || answered && status.Status == http.StatusNotFound || !cached.has(name) {
		if unreachable(err) {
			err = fmt.Errorf("%w; without a network: %s", err, s.remedy())
		}
		return m, err
	}
	s.c.log.Warn("the hub does not answer, using the cache", "repo", s.repo, "commit", cached.commit, "err", err)
	s.local, s.commit = err, cached.commit
	return metadata{}, nil
}

// optional is file for one that the repository may lack.
func (s *snapshot) optional(ctx context.Context, name string) (bool, error) {
	_, err := s.file(ctx, name)
	var status *StatusError
	var uncached *notCachedError
	switch {
	case errors.As(err, &status) && status.Status == http.StatusNotFound && (status.Code == codeEntryNotFound || status.Code == ""):
		return false, nil
	case errors.As(err, &uncached):
		return false, nil
	}
	return err == nil, err
}

// download brings the blob into the cache and links it.
func (s *snapshot) download(ctx context.Context, name string, m metadata) error {
	sums := m.sums
	if pin := s.pins[name]; pin != "" {
		if len(sums) > 0 && sums[0].algorithm == sha256Sum && sums[0].hex != pin {
			return s.pinError(name, sums[0].hex)
		}
		sums = append(sums[:len(sums):len(sums)], digest{sha256Sum, pin})
	}
	blob := s.blob(m.etag)
	if err := os.MkdirAll(filepath.Dir(blob), 0o777); err != nil {
		return err
	}
	s.tag()
	if err := s.record(); err != nil {
		return err
	}
	return s.c.locked(ctx, s.lock(m.etag), name, func() error {
		if s.has(name) {
			return nil
		}
		// Another file or another commit may have the same content. A blob of the
		// wrong size is none: it was not renamed by a program that checks.
		info, err := os.Stat(blob)
		if err != nil || m.size >= 0 && info.Size() != m.size {
			err := s.c.transfer(ctx, transfer{
				name: name, url: s.c.resolveURL(s.repo, m.commit, name), part: blob + ".incomplete", size: m.size, sums: sums,
				refused: func(resp *http.Response) error { return s.c.statusError(resp, s.repo, s.revision, name) },
			})
			if err != nil {
				return err
			}
			if err := os.Rename(blob+".incomplete", blob); err != nil {
				return err
			}
		}
		return s.link(m.etag, name)
	})
}

// checkPin compares a cached blob's name, its SHA-256 if the file is large, with
// the manifest.
func (s *snapshot) checkPin(name string) error {
	pin := s.pins[name]
	if pin == "" {
		return nil
	}
	target, err := os.Readlink(s.pointer(name))
	if err != nil {
		return nil //nolint:nilerr // a file system without links has no such name
	}
	if d, ok := etagDigest(filepath.Base(target)); ok && d.algorithm == sha256Sum && d.hex != pin {
		return s.pinError(name, d.hex)
	}
	return nil
}

func (s *snapshot) pinError(name, got string) error {
	return fmt.Errorf("%w; the model changed or the mirror is not to be trusted; to take it as it is, name it %s",
		&IntegrityError{File: name + " of " + s.repo, Sum: sha256Sum, Want: s.pins[name], Got: got}, s.repo)
}
