package pixels

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("PIXELS_TEST_CACHE"); dir != "" {
		os.Exit(fillFromChild(dir))
	}
	goleak.VerifyTestMain(m)
}

// picture is the i-th of a set of distinct pictures, 40×20.
func picture(i int) *Image {
	m := NewImage(40, 20)
	for j := range m.Pix {
		m.Pix[j] = uint8(i*31 + j*7 + j/256)
	}
	return m
}

func pictureKey(i int) Key {
	return NewKey(fmt.Sprintf("/data/%d.jpg", i), 1, time.Unix(0, 0), 20, DecodeOptions{})
}

func openTestCache(t testing.TB, o CacheOptions) *Cache {
	t.Helper()
	c, err := OpenCache(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, ErrCacheClosed) {
			t.Error(err)
		}
	})
	return c
}

func closeCache(t testing.TB, c *Cache) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// fill loads pictures 0 to n-1 and returns how many had to be decoded.
func fill(t testing.TB, c *Cache, n int) (decoded int) {
	t.Helper()
	for i := range n {
		m, err := c.Load(pictureKey(i), func() (*Image, error) {
			decoded++
			return picture(i), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := picture(i); m.W != want.W || m.H != want.H || !bytes.Equal(m.Pix, want.Pix) {
			t.Fatalf("picture %d came back as %d×%d with other pixels", i, m.W, m.H)
		}
	}
	return decoded
}

func segments(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentExt))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCacheInMemory(t *testing.T) {
	size := int64(len(picture(0).Pix))
	c := openTestCache(t, CacheOptions{MaxRAM: 5 * size})
	if n := fill(t, c, 8); n != 8 {
		t.Errorf("first epoch decoded %d of 8", n)
	}
	if n := fill(t, c, 8); n != 3 {
		t.Errorf("second epoch decoded %d, want the 3 that do not fit", n)
	}
	if s := c.Stats(); s.RAM != 5*size || s.Pictures != 5 || s.Hits != 5 || s.Misses != 11 || s.Disk != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestCacheLaterRun(t *testing.T) {
	dir := t.TempDir()
	for run, want := range []int{50, 0, 0} {
		c := openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1})
		if n := fill(t, c, 50); n != want {
			t.Errorf("run %d decoded %d, want %d", run, n, want)
		}
		if n := fill(t, c, 50); n != 0 {
			t.Errorf("run %d decoded %d in its second epoch", run, n)
		}
		closeCache(t, c)
	}
	if n := len(segments(t, dir)); n != 1 {
		t.Errorf("%d segments after three runs, want 1", n)
	}
}

// Any byte of a cache file may change, and any part of it may be missing: no
// wrong pixel comes out, and the next run but one has a whole cache again.
func TestCacheCorruption(t *testing.T) {
	const n = 3
	master := t.TempDir()
	c := openTestCache(t, CacheOptions{Dir: master, MaxRAM: -1})
	fill(t, c, n)
	closeCache(t, c)
	good := readFile(t, segments(t, master)[0])
	damage := map[string][]byte{"empty": nil, "one byte short": good[:len(good)-1], "half": good[:len(good)/2], "longer": append(append([]byte(nil), good...), 1)}
	for at := 0; at < len(good); at += 1 + len(good)/60 {
		b := append([]byte(nil), good...)
		b[at] ^= 0x55
		damage[fmt.Sprintf("byte %d", at)] = b
	}
	for at := len(good) - trailerSize - n*recordSize; at < len(good); at += 3 { // the index: every third byte meets every field
		b := append([]byte(nil), good...)
		b[at] ^= 0x80
		damage[fmt.Sprintf("index byte %d", at)] = b
	}
	for name, b := range damage {
		dir := t.TempDir()
		path := filepath.Join(dir, "1"+segmentExt)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		c := openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1})
		if decoded := fill(t, c, n); decoded == 0 {
			t.Errorf("%s: the damage went unseen", name)
		}
		closeCache(t, c)
		for range 2 {
			c = openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1})
			fill(t, c, n)
			closeCache(t, c)
		}
		c = openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1})
		if decoded := fill(t, c, n); decoded != 0 {
			t.Errorf("%s: the cache was not rebuilt: %d decoded", name, decoded)
		}
		closeCache(t, c)
	}
}

// Index fields with a right checksum but impossible values, as a hostile writer
// could leave them, do not reach outside the file.
func TestCacheHostileIndex(t *testing.T) {
	for _, values := range [][3]uint64{{1 << 31, 1 << 31, 8}, {40, 20, 1 << 62}, {0, 20, 8}, {40, 20, 0}, {4000, 2000, 8}} {
		dir := t.TempDir()
		s := &segmentFile{}
		s.records = make([]byte, recordSize)
		binary.LittleEndian.PutUint32(s.records[16:], uint32(values[0]))
		binary.LittleEndian.PutUint32(s.records[20:], uint32(values[1]))
		binary.LittleEndian.PutUint64(s.records[24:], values[2])
		f, err := os.Create(filepath.Join(dir, "1"+segmentExt))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(segmentMagic + strings.Repeat("x", 2400)); err != nil {
			t.Fatal(err)
		}
		s.file, s.end = f, int64(len(segmentMagic)+2400)
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		c := openTestCache(t, CacheOptions{Dir: dir})
		if n := c.Stats().Pictures; n != 0 {
			t.Errorf("%v: %d pictures", values, n)
		}
		closeCache(t, c)
	}
}

func TestCacheDiskLimit(t *testing.T) {
	dir := t.TempDir()
	size := int64(len(picture(0).Pix))
	limit := 10 * (size + 2*recordSize)
	dirSize := func() (total int64) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return total
	}
	c := openTestCache(t, CacheOptions{Dir: dir, MaxRAM: 3 * size, MaxDisk: limit})
	fill(t, c, 100)
	if s := c.Stats(); s.RAM != 3*size || s.Disk < 8*size || s.Disk > limit || !errors.Is(s.DiskErr, errCacheFull) {
		t.Errorf("stats %+v", s)
	}
	closeCache(t, c)
	if n := dirSize(); n > limit {
		t.Errorf("the folder has %d bytes, the limit is %d", n, limit)
	}

	// Another data set takes the room of one that is no longer read.
	c = openTestCache(t, CacheOptions{Dir: dir, MaxRAM: -1, MaxDisk: limit})
	for i := 1000; i < 1005; i++ {
		c.Put(pictureKey(i), picture(i))
	}
	if _, ok := c.Get(pictureKey(1004)); !ok {
		t.Error("the new data set found no room")
	}
	closeCache(t, c)
	if n := dirSize(); n > limit {
		t.Errorf("the folder has %d bytes, the limit is %d", n, limit)
	}
	c = openTestCache(t, CacheOptions{Dir: dir, MaxDisk: limit})
	if _, ok := c.Get(pictureKey(0)); ok {
		t.Error("the old data set is still there")
	}
	if _, ok := c.Get(pictureKey(1000)); !ok {
		t.Error("the new data set is gone")
	}
}

// A picture larger than a whole segment goes to memory.
func TestCacheHugePicture(t *testing.T) {
	c := openTestCache(t, CacheOptions{Dir: t.TempDir(), MaxDisk: 1000})
	c.Put(pictureKey(0), picture(0))
	if s := c.Stats(); s.Disk != 0 || s.RAM == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestCacheUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(CacheOptions{Dir: filepath.Join(file, "cache")}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want one that names the folder", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	// The folder goes away under a running cache: it goes on in memory.
	dir := filepath.Join(t.TempDir(), "cache")
	c := openTestCache(t, CacheOptions{Dir: dir})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if n := fill(t, c, 5); n != 5 {
		t.Errorf("decoded %d", n)
	}
	if n := fill(t, c, 5); n != 0 {
		t.Errorf("decoded %d in the second epoch", n)
	}
	if s := c.Stats(); s.DiskErr == nil || s.RAM == 0 {
		t.Errorf("stats %+v", s)
	}
}

// What a process that died left behind goes; what one that lives is writing
// stays.
func TestCacheAbandonedPart(t *testing.T) {
	dir := t.TempDir()
	dead := filepath.Join(dir, "123"+partExt)
	if err := os.WriteFile(dead, []byte(segmentMagic), 0o644); err != nil {
		t.Fatal(err)
	}
	alive := openTestCache(t, CacheOptions{Dir: dir})
	fill(t, alive, 3)
	other := openTestCache(t, CacheOptions{Dir: dir})
	if _, err := os.Stat(dead); err == nil {
		t.Error("the dead process's file is still there")
	}
	if n := fill(t, other, 3); n != 3 {
		t.Errorf("unfinished pictures were read: %d decoded", n)
	}
	closeCache(t, alive)
	closeCache(t, other)
	c := openTestCache(t, CacheOptions{Dir: dir})
	if n := fill(t, c, 3); n != 0 {
		t.Errorf("%d decoded after both had finished", n)
	}
}

func TestCacheManyGoroutines(t *testing.T) {
	c := openTestCache(t, CacheOptions{Dir: t.TempDir(), MaxDisk: 200_000, MaxRAM: 100_000})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 300 {
				i = (i*7 + w*13) % 150
				m, err := c.Load(pictureKey(i), func() (*Image, error) { return picture(i), nil })
				if err != nil || !bytes.Equal(m.Pix, picture(i).Pix) {
					t.Errorf("picture %d is wrong (%v)", i, err)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.RAM > 100_000 || s.Disk > 200_000 || s.Hits == 0 {
		t.Errorf("stats %+v", s)
	}
}

// fillFromChild is a second process with the same cache.
func fillFromChild(dir string) int {
	for range 5 {
		c, err := OpenCache(CacheOptions{Dir: dir, MaxDisk: 400_000, MaxRAM: -1})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		for i := range 60 {
			m, err := c.Load(pictureKey(i), func() (*Image, error) { return picture(i), nil })
			if err != nil || !bytes.Equal(m.Pix, picture(i).Pix) {
				fmt.Printf("picture %d is wrong (%v)\n", i, err)
				return 1
			}
		}
		if err := c.Close(); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	return 0
}

func TestCacheManyProcesses(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PIXELS_TEST_CACHE="+dir)
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	if parts, _ := filepath.Glob(filepath.Join(dir, "*"+partExt)); len(parts) != 0 {
		t.Errorf("unfinished files: %v", parts)
	}
	c := openTestCache(t, CacheOptions{Dir: dir})
	if n := fill(t, c, 60); n != 0 {
		t.Errorf("%d decoded after four processes had filled the cache", n)
	}
}

func TestCacheDecodeError(t *testing.T) {
	c := openTestCache(t, CacheOptions{})
	bad := errors.New("bad file")
	if _, err := c.Load(pictureKey(1), func() (*Image, error) { return nil, bad }); !errors.Is(err, bad) {
		t.Errorf("error %v", err)
	}
	if _, ok := c.Get(pictureKey(1)); ok {
		t.Error("a failure was kept")
	}
	closeCache(t, c)
	if err := c.Close(); !errors.Is(err, ErrCacheClosed) {
		t.Errorf("second Close: %v", err)
	}
	if _, ok := c.Get(pictureKey(1)); ok {
		t.Error("a closed cache has pictures")
	}
}
