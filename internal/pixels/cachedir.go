package pixels

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/edsrzf/mmap-go"
	"github.com/gofrs/flock"
)

const (
	segmentSize = 64 << 20
	segmentExt  = ".pixels"
	partExt     = ".part" // of a segment being written
)

// cacheDir is the folder of a Cache: the finished segments, which any number of
// processes map, and one being written by this process.
//
// Whatever creates, renames or removes files holds the folder's lock; reading
// and appending do not. Removing a segment that another process has mapped is
// harmless: its pages live until it unmaps them.
type cacheDir struct {
	dir      string
	max      int64
	size     int64 // of a new segment
	lock     *flock.Flock
	segments []*segmentFile
	current  *segmentFile // the one being written, also in segments
	err      error        // why nothing more is written
}

// errCacheFull says that the folder has reached its limit with segments that
// this run uses.
var errCacheFull = errors.New("the size limit is reached")

func openCacheDir(dir string, maxBytes int64, index map[Key]*cached) (*cacheDir, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := &cacheDir{dir: dir, max: maxBytes, size: min(segmentSize, maxBytes), lock: flock.New(filepath.Join(dir, "lock"))}
	return d, d.locked(func() error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			switch {
			case strings.HasSuffix(e.Name(), partExt):
				removeIfAbandoned(path)
			case strings.HasSuffix(e.Name(), segmentExt):
				s, err := readSegment(path, index)
				if err != nil {
					os.Remove(path)
					continue
				}
				d.segments = append(d.segments, s)
			}
		}
		return nil
	})
}

// locked runs f while holding the folder's lock, for which it waits.
func (d *cacheDir) locked(f func() error) error {
	if err := d.lock.Lock(); err != nil {
		return err
	}
	return errors.Join(f(), d.lock.Unlock())
}

// removeIfAbandoned removes an unfinished segment whose writer has died: the
// system has then let go of its lock.
func removeIfAbandoned(path string) {
	l := flock.New(path)
	if ok, err := l.TryLock(); ok && err == nil {
		os.Remove(path)
		_ = l.Unlock() // it is closed with the file all the same
	}
}

// write appends a picture; nil where the folder takes no more.
func (d *cacheDir) write(key Key, m *Image) *cached {
	if d.err != nil || int64(len(m.Pix))+int64(len(segmentMagic)+recordSize+trailerSize) > d.size {
		return nil
	}
	if d.current != nil && !d.current.has(len(m.Pix), d.size) {
		if d.err = d.finish(); d.err != nil {
			return nil
		}
	}
	if d.current == nil {
		if d.err = d.locked(d.begin); d.err != nil {
			return nil
		}
	}
	e, err := d.current.add(key, m)
	if err != nil {
		d.err = err
		return nil
	}
	return e
}

// begin starts a segment, after making room for it.
func (d *cacheDir) begin() error {
	if err := d.makeRoom(); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.dir, "*"+partExt)
	if err != nil {
		return err
	}
	s := &segmentFile{path: f.Name(), file: f, end: int64(len(segmentMagic))}
	fail := func(err error) error { return errors.Join(err, s.discard()) }
	alive := flock.New(s.path)
	if ok, err := alive.TryLock(); err != nil || !ok {
		return fail(errors.Join(err, errors.New("cannot lock a new file")))
	}
	s.release = alive.Unlock
	// The file is as long as it may become, but sparse: it can be mapped at once
	// and takes only what is written.
	if err := f.Truncate(d.size); err != nil {
		return fail(err)
	}
	if _, err := f.WriteAt([]byte(segmentMagic), 0); err != nil {
		return fail(err)
	}
	if s.pages, err = mmap.MapRegion(f, int(d.size), mmap.RDONLY, 0, 0); err != nil {
		return fail(err)
	}
	d.current = s
	d.segments = append(d.segments, s)
	return nil
}

// discard gives up a segment being written.
func (s *segmentFile) discard() error {
	err := errors.Join(s.file.Close(), os.Remove(s.path))
	if s.release != nil {
		err = errors.Join(err, s.release())
	}
	return err
}

// makeRoom removes the segments longest unused until a new one fits, but none
// that this run has read from: it will be wanted again next epoch.
func (d *cacheDir) makeRoom() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, s := range d.segments {
		if s.used.Load() || s.file != nil {
			busy[filepath.Base(s.path)] = true
		}
	}
	total := d.size
	var idle []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // gone meanwhile, or not ours
		}
		total += info.Size()
		if strings.HasSuffix(e.Name(), segmentExt) && !busy[e.Name()] {
			idle = append(idle, info)
		}
	}
	slices.SortFunc(idle, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for _, info := range idle {
		if total <= d.max {
			break
		}
		if err := os.Remove(filepath.Join(d.dir, info.Name())); err == nil {
			total -= info.Size()
		}
	}
	if total > d.max {
		return errCacheFull
	}
	return nil
}

// finish makes the current segment visible to other processes.
func (d *cacheDir) finish() error {
	s := d.current
	d.current = nil
	if len(s.records) == 0 || s.damaged {
		return s.discard()
	}
	if err := s.finish(); err != nil {
		return errors.Join(err, s.discard())
	}
	path := strings.TrimSuffix(s.path, partExt) + segmentExt
	err := d.locked(func() error { return os.Rename(s.path, path) })
	if err == nil {
		s.path = path
	}
	s.used.Store(true)
	return errors.Join(err, s.file.Close(), s.release())
}

// close finishes what is being written, notes what was used, removes what was
// found damaged, and unmaps everything.
func (d *cacheDir) close() error {
	var errs []error
	if d.current != nil {
		errs = append(errs, d.finish())
	}
	now := time.Now()
	for _, s := range d.segments {
		switch {
		case s.damaged:
			errs = append(errs, ignoreMissing(os.Remove(s.path)))
		case s.used.Load():
			// The modification time is when it was last of use; see makeRoom.
			errs = append(errs, ignoreMissing(os.Chtimes(s.path, now, now)))
		}
		errs = append(errs, s.pages.Unmap())
	}
	return errors.Join(append(errs, d.lock.Close())...)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
