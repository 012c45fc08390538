package pixels

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A folder that holds other things keeps them: nothing that no cache wrote is
// removed, or counts towards the limit.
func TestCacheLeavesForeignFiles(t *testing.T) {
	dir := t.TempDir()
	foreign := map[string][]byte{
		"film.mkv.part":       []byte("half of it"),
		"123.part":            []byte("half of it"),
		"7.part":              nil,
		"pictures-9.part":     []byte("something else"),
		"old.pixels":          []byte(segmentMagic + "another program's"),
		"0.pixels":            make([]byte, 1000),
		"123.pixels":          []byte("another program's, longer than a segment's trailer"),
		"pictures-123.pixels": nil,
		"big.iso":             make([]byte, 1<<20),
	}
	for name, data := range foreign {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ours := []string{"pictures-1.part", "pictures-2.part", "4.part", "5.pixels", "pictures-6.pixels", "pictures-7.part"}
	for name, data := range map[string]string{
		ours[4]: string(make([]byte, 1<<20)), ours[5]: string(make([]byte, 1<<20)),
		ours[0]: "", ours[1]: segmentMagic, ours[2]: segmentMagic + "and more", ours[3]: segmentMagic + strings.Repeat("x", 100),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		c := openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1, MaxDisk: 10 * int64(len(picture(0).Pix))})
		fill(t, c, 20) // more than there is room for
		if s := c.Stats(); s.Disk+s.Hits == 0 {
			t.Errorf("nothing is kept beside foreign files: %+v", s)
		}
		closeCache(t, c)
	}
	var size uint64
	for _, path := range segments(t, dir) {
		if info, err := os.Stat(path); err == nil && foreign[filepath.Base(path)] == nil {
			size += uint64(info.Size())
		}
	}
	if got, err := CacheBytes(dir); err != nil || got != size || got == 0 {
		t.Errorf("%d bytes, error %v, want %d", got, err, size)
	}
	for name, want := range foreign {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has changed (%v)", name, err)
		}
	}
	for _, name := range ours {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// Files of earlier caches, whose names are numbers alone, are read.
func TestCacheReadsEarlierNames(t *testing.T) {
	dir := t.TempDir()
	c := openTestCache(t, CacheOptions{Dir: dir})
	fill(t, c, 3)
	closeCache(t, c)
	if err := os.Rename(segments(t, dir)[0], filepath.Join(dir, "4071"+segmentExt)); err != nil {
		t.Fatal(err)
	}
	if n := fill(t, openTestCache(t, CacheOptions{Dir: dir}), 3); n != 0 {
		t.Errorf("%d decoded", n)
	}
}

// Only what a file holds tells that it is of no use, and not what the system says
// of opening it.
func TestReadSegmentErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := readSegment(filepath.Join(dir, "1.pixels"), nil); err == nil || errors.Is(err, errNoSegment) {
		t.Errorf("a file that cannot be opened: error %v", err)
	}
	path := filepath.Join(dir, "2.pixels")
	if err := os.WriteFile(path, []byte(segmentMagic), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readSegment(path, nil); !errors.Is(err, errNoSegment) {
		t.Errorf("a file that is cut off: error %v", err)
	}
}

// Segments of other runs stay where all of them would not make room enough.
func TestCacheKeepsIdleInVain(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	limit := 10 * int64(len(picture(0).Pix))
	for d, first := range map[string]int{dir: 0, other: 100} {
		c := openTestCache(t, CacheOptions{Dir: d, MaxDisk: limit})
		for i := range 9 {
			c.Put(pictureKey(first+i), picture(first+i))
		}
		closeCache(t, c)
	}
	if err := os.Rename(segments(t, other)[0], filepath.Join(dir, "4071"+segmentExt)); err != nil {
		t.Fatal(err)
	}
	before := segments(t, dir)
	c := openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1, MaxDisk: limit})
	if _, ok := c.Get(pictureKey(0)); !ok || len(before) != 2 {
		t.Fatalf("segments %v, the first picture is there: %t", before, ok)
	}
	c.Put(pictureKey(200), picture(200))
	if s := c.Stats(); !errors.Is(s.DiskErr, errCacheFull) {
		t.Errorf("stats %+v", s)
	}
	if after := segments(t, dir); !slices.Equal(after, before) {
		t.Errorf("segments %v, were %v", after, before)
	}
}
