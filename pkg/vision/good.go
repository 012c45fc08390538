package vision

import (
	"context"
	"runtime"
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
	errs, err := d.readAll(ctx, o)
	if err != nil {
		return nil, ReadReport{}, err
	}
	stats := d.cache.Stats()
	r := ReadReport{Cached: int(stats.Hits - before), CacheErr: stats.DiskErr}
	var good []int
	for i, err := range errs {
		if err != nil {
			r.Bad = append(r.Bad, BadPicture{d.Name(i), err})
			continue
		}
		good = append(good, i)
	}
	if r.Bad == nil {
		return d, r, nil
	}
	return d.Select(good), r, nil
}

// readAll returns what is wrong with each picture.
func (d *Dataset) readAll(ctx context.Context, o ReadOptions) ([]error, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(d.rows))
	next := make(chan int)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		done int
	)
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; o.Observe != nil {
			o.Observe(done, len(d.rows))
		}
	}
	for range min(o.Workers, len(d.rows)) {
		wg.Go(func() {
			for i := range next {
				_, errs[i] = d.decoded(d.rows[i])
				if errs[i] != nil && !imageset.IsBadFile(errs[i]) {
					cancel(errs[i]) // the disk, not the picture
				}
				tell()
			}
		})
	}
	for i := range d.rows {
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
	return errs, nil
}
