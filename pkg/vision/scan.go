package vision

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"sync"

	"github.com/gotune/gotune/internal/pixels"
)

// Scan is what reading every picture once tells.
type Scan struct {
	Widths, Heights []int      // [N] upright, in pixels, of the files
	Hashes          [][16]byte // [N] of the decoded pixels: equal for copies under other names
	Decoded         int64      // bytes of all pictures at the size at which they are kept
	Held            int64      // of them, those in this process's memory
}

// Scan reads every picture with so many workers; 0: one per core. Pictures that
// cannot be read are an error: see Good. observe, which may be nil, is told how
// many are done, one call at a time.
func (d *Dataset) Scan(ctx context.Context, workers int, observe func(done, total int)) (Scan, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	n := d.Len()
	s := Scan{Widths: make([]int, n), Heights: make([]int, n), Hashes: make([][16]byte, n)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next int
		done int
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1
	}
	finish := func(bytes int64) {
		mu.Lock()
		defer mu.Unlock()
		s.Decoded += bytes
		if done++; observe != nil {
			observe(done, n)
		}
	}
	for range workers {
		wg.Go(func() {
			for i := take(); i < n && ctx.Err() == nil; i = take() {
				bytes, err := d.scan(i, &s)
				if err != nil {
					cancel(err)
					return
				}
				finish(bytes)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return Scan{}, context.Cause(ctx)
	}
	s.Held = d.cache.Stats().RAM
	return s, nil
}

// scan fills in the i-th picture's facts and returns its decoded size.
func (d *Dataset) scan(i int, s *Scan) (bytes int64, err error) {
	p := d.at(i)
	data, err := p.set.Read(p.i)
	if err != nil {
		return 0, err
	}
	if s.Widths[i], s.Heights[i], err = pixels.Size(d.Name(i), data, pixels.DecodeOptions{}); err != nil {
		return 0, err
	}
	m, err := d.decoded(p)
	if err != nil {
		return 0, err
	}
	h := sha256.New()
	var size [16]byte
	binary.LittleEndian.PutUint64(size[:8], uint64(m.W))
	binary.LittleEndian.PutUint64(size[8:], uint64(m.H))
	h.Write(size[:])
	h.Write(m.Pix)
	s.Hashes[i] = [16]byte(h.Sum(nil)[:16])
	return int64(len(m.Pix)), nil
}
