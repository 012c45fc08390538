package pixels

import (
	"cmp"
	"errors"
	"io"
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
	segmentSize   = 64 << 20
	segmentPrefix = "pictures-" // earlier caches' names are without it
	segmentExt    = ".pixels"
	partExt       = ".part" // of a segment being written
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
			case isNamed(e, partExt):
				removeIfAbandoned(path)
			case isNamed(e, segmentExt):
				s, err := readSegment(path, index)
				switch {
				case err == nil:
					d.segments = append(d.segments, s)
				case errors.Is(err, errNoSegment) && isSegment(path):
					os.Remove(path)
				}
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

// isNamed tells whether e is a file of a name that a cache makes: a folder that the
// user chose may hold files of other programs.
func isNamed(e fs.DirEntry, ext string) bool {
	number, ok := strings.CutSuffix(e.Name(), ext)
	number = strings.TrimPrefix(number, segmentPrefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == "" && e.Type().IsRegular()
}

// isSegment tells whether a file begins as one that a cache wrote, of whatever
// version; or, where its name is a cache's too, as one whose first page a power cut
// took.
func isSegment(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(segmentMagic)-1)
	_, err = io.ReadFull(f, head)
	lost := strings.HasPrefix(filepath.Base(path), segmentPrefix) && string(head) == strings.Repeat("\x00", len(head))
	return err == nil && (lost || string(head) == segmentMagic[:len(head)])
}

// owned returns the files in dir that caches wrote or are writing.
func owned(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	var files []fs.FileInfo
	for _, e := range entries {
		if !isNamed(e, segmentExt) && !isNamed(e, partExt) {
			continue
		}
		info, err := e.Info()
		if err != nil || !isSegment(filepath.Join(dir, e.Name())) {
			continue // gone meanwhile, or not ours
		}
		files = append(files, info)
	}
	return files, err
}

// CacheBytes returns what the files of caches in dir take; other files are not
// counted.
func CacheBytes(dir string) (n uint64, err error) {
	files, err := owned(dir)
	for _, info := range files {
		n += uint64(info.Size())
	}
	return n, err
}

// removeIfAbandoned removes an unfinished segment whose writer has died: the
// system has then let go of its lock. One that died early leaves an empty file.
func removeIfAbandoned(path string) {
	info, err := os.Stat(path)
	empty := err == nil && info.Size() == 0 && strings.HasPrefix(filepath.Base(path), segmentPrefix)
	if !empty && !isSegment(path) {
		return
	}
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
	f, err := os.CreateTemp(d.dir, segmentPrefix+"*"+partExt)
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
	if _, err := f.WriteAt([]byte(segmentMagic), 0); err != nil {
		return fail(err)
	}
	// The file is as long as it may become, but sparse: it can be mapped at once
	// and takes only what is written.
	if err := f.Truncate(d.size); err != nil {
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
// that this run has read from: it will be wanted again next epoch. Where that
// would not do, it removes none.
func (d *cacheDir) makeRoom() error {
	files, err := owned(d.dir)
	if err != nil {
		return err
	}
	busy := map[string]bool{}
	for _, s := range d.segments {
		if s.used.Load() || s.file != nil {
			busy[filepath.Base(s.path)] = true
		}
	}
	total, free := d.size, int64(0)
	var idle []fs.FileInfo
	for _, info := range files {
		total += info.Size()
		if filepath.Ext(info.Name()) == segmentExt && !busy[info.Name()] {
			idle = append(idle, info)
			free += info.Size()
		}
	}
	if total-free > d.max {
		return errCacheFull
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
