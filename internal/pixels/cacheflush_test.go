package pixels

import "testing"

// What was flushed is a later run's, though this process never closes its cache; so
// is what comes after.
func TestCacheFlush(t *testing.T) {
	dir := t.TempDir()
	first := openTestCache(t, CacheOptions{Dir: dir})
	first.Flush() // of nothing
	fill(t, first, 3)
	first.Flush()
	if n := fill(t, openTestCache(t, CacheOptions{Dir: dir}), 3); n != 0 {
		t.Errorf("%d decoded after a flush", n)
	}
	if n := fill(t, first, 5); n != 2 || first.Stats().DiskErr != nil {
		t.Errorf("%d decoded, error %v", n, first.Stats().DiskErr)
	}
	closeCache(t, first)
	if n := fill(t, openTestCache(t, CacheOptions{Dir: dir}), 5); n != 0 {
		t.Errorf("%d decoded after the end", n)
	}
}
