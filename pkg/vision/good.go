package vision

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/gotune/gotune/internal/imageset"
)

// ReadOptions say how Good reads.
type ReadOptions struct {
	Workers int                   // 0: one per core
	Observe func(done, total int) // told of every picture, one call at a time; may be nil
}

// ReadReport is what Good found.
type ReadReport struct {
	Bad    []BadPicture // in the order of the pictures
	Cached int          // pictures that an earlier run had left in the cache
	// CacheErr is why the cache's folder takes no more, such as a full disk; nil
	// where it does.
	CacheErr error
}

// BadPicture is one that cannot be read, and why.
type BadPicture struct {
	Name string
	Err  error // names the file
}

// Good reads every picture, into the cache as far as it goes, and returns those
// that can be read. To do so before the first step keeps the number of steps, the
// split and the order the same throughout a run. The error is ctx's, or a failing
// disk's.
func (d *Dataset) Good(ctx context.Context, o ReadOptions) (*Dataset, ReadReport, error) {
	before := d.cache.Stats().Hits
	bad, err := d.readAll(ctx, o)
	if err != nil {
		return nil, ReadReport{}, err
	}
	d.cache.Flush()
	stats := d.cache.Stats()
	r := ReadReport{Cached: int(stats.Hits - before), CacheErr: stats.DiskErr}
	if len(bad) == 0 {
		return d, r, nil
	}
	for _, i := range slices.Sorted(maps.Keys(bad)) {
		r.Bad = append(r.Bad, BadPicture{d.Name(i), bad[i]})
	}
	return d.where(func(i int, _ picture) bool { return bad[i] == nil }), r, nil
}

// readAll returns what is wrong with pictures, by index.
func (d *Dataset) readAll(ctx context.Context, o ReadOptions) (map[int]error, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bad := map[int]error{}
	next := make(chan int)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		done int
	)
	tell := func(i int, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			bad[i] = err
		}
		if done++; o.Observe != nil {
			o.Observe(done, d.Len())
		}
	}
	for range min(o.Workers, d.Len()) {
		wg.Go(func() {
			for i := range next {
				_, err := d.decoded(d.at(i))
				if err != nil && !imageset.IsBadFile(err) {
					cancel(err) // the disk, not the picture
				}
				tell(i, err)
			}
		})
	}
	for i := range d.Len() {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return bad, nil
}
