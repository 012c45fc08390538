// Package imageset finds labelled pictures: folders of them by class, archives
// of such, and lists of paths and labels.
//
// Open looks at names and sizes only, so that what is wrong with the data as a
// whole is said before the first training step; Read then reads one file, from
// any goroutine. Whether a file is a picture is found when it is read, or by
// Check for all at once.
package imageset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// NoLabel is the label of a picture that has none.
const NoLabel = -1

// Set is a list of picture files and their classes. Its methods may be called
// from any goroutine.
type Set struct {
	where   string // the path that the user gave
	store   store
	items   items
	classes []string
	splits  []string
	top     []string // the folders among which the splits are
	report  Report
	maxFile int64

	// mu lets Close wait for the reads under way.
	mu     sync.RWMutex
	closed bool
}

const none = -1

// Len returns the number of pictures.
func (s *Set) Len() int { return s.items.len() }

// Classes returns Options.Classes, or else the classes found, sorted by name.
func (s *Set) Classes() []string { return slices.Clone(s.classes) }

// Label returns the class of picture i as an index into Classes, or NoLabel.
func (s *Set) Label(i int) int { return s.items.label(i) }

// Labels returns the classes of the given pictures, in their order; of all for
// nil.
func (s *Set) Labels(pictures []int) []int {
	if pictures == nil {
		pictures = s.Indices("")
	}
	labels := make([]int, len(pictures))
	for k, i := range pictures {
		labels[k] = s.Label(i)
	}
	return labels
}

// ID returns the path of picture i below the folder, within the archive, or as
// the list has it: "train/ants/queen 3.jpg".
func (s *Set) ID(i int) string { return s.store.name(s.items.member(i)) }

// Where names picture i in messages: its path on disk, or the archive's and its
// own.
func (s *Set) Where(i int) string { return s.store.in(s.items.member(i)) }

// Splits returns those of "train", "val" and "test" that the data names, in this
// order; nil where it names none.
func (s *Set) Splits() []string { return slices.Clone(s.splits) }

// Indices returns the pictures of a split, in order; all for "".
func (s *Set) Indices(split string) []int {
	var out []int
	for i := range s.Len() {
		if split == "" || s.Split(i) == split {
			out = append(out, i)
		}
	}
	return out
}

// Split returns the split of picture i, or "".
func (s *Set) Split(i int) string { return s.items.split(i) }

// Source is what tells the contents of a file from those of another, or of the
// same file at another time: the key of a cache.
type Source struct {
	Path    string // absolute; the archive's and the member's for one in an archive
	Size    int64  // bytes
	Changed time.Time
}

// Source returns where picture i comes from. It reads nothing.
func (s *Set) Source(i int) Source {
	m := s.items.member(i)
	return Source{Path: s.store.absolute(m), Size: s.store.size(m), Changed: s.store.lastChange(m)}
}

// Read returns the bytes of picture i's file. A file that is gone, cut off or
// too large is a *DataError that names it.
func (s *Set) Read(i int) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, ErrClosed
	}
	k := s.items.member(i)
	size := s.store.size(k)
	if size > s.maxFile {
		return nil, fault(s.store.in(k), "%d MiB, the limit for a picture is %d", size>>20, s.maxFile>>20)
	}
	r, err := s.store.open(k)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readAll(r, s.store.in(k), size)
}

// readAll reads a file of the size it had when the set was opened.
func readAll(r io.Reader, where string, size int64) ([]byte, error) {
	// One byte more than expected shows the end without growing.
	b := make([]byte, size+1)
	n, err := io.ReadFull(r, b)
	switch {
	case err == nil:
		return nil, fault(where, "changed while in use: longer than the %d bytes it had", size)
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return nil, faultOf(where, err)
	case int64(n) < size:
		return nil, fault(where, "cut off: %d bytes where there were %d", n, size)
	}
	return b[:n], nil
}

// Report returns what was found beside the pictures.
func (s *Set) Report() Report { return s.report }

// Fingerprint is a hash of the pictures' paths, sizes and classes in order: equal
// for the same data packed or not, other after any change but one that leaves a
// file's size. It reads nothing.
func (s *Set) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", s.classes)
	for i := range s.Len() {
		fmt.Fprintf(h, "%q %d %d\n", strings.TrimPrefix(s.ID(i), s.report.base), s.store.size(s.items.member(i)), s.Label(i))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Close frees what Open opened, a temporary file included, after the reads under
// way.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	return s.store.close()
}
