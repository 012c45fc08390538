package pixels

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
)

// CacheOptions bound a [Cache]. The zero value keeps up to 512 MiB in memory and
// nothing on disk.
type CacheOptions struct {
	// Dir is the folder for memory-mapped files, shared with other processes and
	// later runs. Empty means memory only.
	Dir string
	// MaxRAM bounds the memory, in bytes; 0 means 512 MiB, less than 0 none.
	MaxRAM int64
	// MaxDisk bounds the folder, in bytes; 0 means 8 GiB, less than 0 none.
	MaxDisk int64
}

// Cache keeps decoded pictures by [Key], for the next epoch and the next run.
//
// With a folder, a picture goes into a memory-mapped file there: its pages are
// the system's, shared by all processes, dropped when memory is short and read
// again when wanted, so they cost no memory that anything else needs. What the
// folder does not take, because there is none, it is full or its disk is, stays
// in memory up to the other limit. What neither takes is decoded again.
//
// A Cache is safe for use by many goroutines.
type Cache struct {
	mu    sync.RWMutex
	index map[Key]*cached
	ram   int64 // bytes held in memory
	limit int64
	disk  *cacheDir // nil without a folder
	stats CacheStats
	hits  atomic.Int64
}

// CacheStats are counts since the cache was opened.
type CacheStats struct {
	Hits, Misses int64
	Corrupt      int64 // records that failed their checksum and were made anew
	Pictures     int   // now in the cache
	RAM, Disk    int64 // bytes held in memory and written to disk by this process
	// DiskErr is why writing to disk has ended early, such as no space left; nil
	// where it has not. The cache goes on without.
	DiskErr error
}

// cached is a picture in the cache. Its pixels lie in memory or in a segment.
type cached struct {
	image   Image
	seg     *segmentFile // nil in memory
	sum     uint32       // CRC-32C of the pixels
	checked atomic.Bool
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenCache opens the folder's cache, creating it where there is none. A damaged
// file of it is removed, not reported: everything in a cache can be made again.
// Files that no cache wrote stay as they are, and do not count.
func OpenCache(o CacheOptions) (*Cache, error) {
	c := &Cache{index: map[Key]*cached{}, limit: o.MaxRAM}
	if c.limit == 0 {
		c.limit = 512 << 20
	}
	if o.Dir == "" || o.MaxDisk < 0 {
		return c, nil
	}
	if o.MaxDisk == 0 {
		o.MaxDisk = 8 << 30
	}
	disk, err := openCacheDir(o.Dir, o.MaxDisk, c.index)
	if err != nil {
		return nil, fmt.Errorf("image cache %s: %w", o.Dir, err)
	}
	c.disk = disk
	return c, nil
}

// Get returns the picture of key, a read-only view that is valid until Close.
func (c *Cache) Get(key Key) (*Image, bool) {
	c.mu.RLock()
	e := c.index[key]
	c.mu.RUnlock()
	if e == nil {
		return nil, false
	}
	// Bits on a disk rot, and a machine may have lost power while they were
	// written: the first look at a record checks it.
	if e.seg != nil && !e.checked.Load() {
		if crc32.Checksum(e.image.Pix, castagnoli) != e.sum {
			c.drop(key, e)
			return nil, false
		}
		e.checked.Store(true)
		e.seg.used.Store(true)
	}
	c.hits.Add(1)
	return &e.image, true
}

// drop forgets a damaged record; its file goes when the cache is closed.
func (c *Cache) drop(key Key, e *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.index[key] == e {
		delete(c.index, key)
		c.stats.Corrupt++
		e.seg.damaged = true
	}
}

// Put keeps m, which belongs to the cache from then on, and returns the picture
// that key has: m, its copy on disk, or what another goroutine put there first.
func (c *Cache) Put(key Key, m *Image) *Image {
	if !m.valid() {
		return m
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.index[key]; e != nil {
		return &e.image
	}
	if c.disk != nil {
		if e := c.disk.write(key, m); e != nil {
			c.index[key] = e
			c.stats.Disk += int64(len(m.Pix))
			return &e.image
		}
	}
	if n := int64(len(m.Pix)); c.ram+n <= c.limit {
		c.ram += n
		e := &cached{image: *m}
		c.index[key] = e
		return &e.image
	}
	return m
}

// Load returns the picture of key, making it by decode where the cache does not
// have it. Two goroutines that miss the same key at once both decode.
func (c *Cache) Load(key Key, decode func() (*Image, error)) (*Image, error) {
	if m, ok := c.Get(key); ok {
		return m, nil
	}
	c.mu.Lock()
	c.stats.Misses++
	c.mu.Unlock()
	m, err := decode()
	if err != nil {
		return nil, err
	}
	return c.Put(key, m), nil
}

// Flush makes what is on disk a later run's, also if this process is killed or its
// disk fills up with other things. That it could not is in CacheStats.DiskErr.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.disk != nil && c.disk.current != nil {
		if err := c.disk.finish(); c.disk.err == nil {
			c.disk.err = err
		}
	}
}

// Stats returns the counts so far.
func (c *Cache) Stats() CacheStats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.stats
	s.Hits, s.Pictures, s.RAM = c.hits.Load(), len(c.index), c.ram
	if c.disk != nil {
		s.DiskErr = c.disk.err
	}
	return s
}

// ErrCacheClosed is what a second Close returns.
var ErrCacheClosed = errors.New("image cache is closed")

// Close finishes the files for later runs and unmaps them. No goroutine may use
// a picture of the cache during or after it.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.index == nil {
		return ErrCacheClosed
	}
	c.index, c.limit = nil, -1
	if c.disk == nil {
		return nil
	}
	err := c.disk.close()
	c.disk = nil
	return err
}
