package text

import (
	"context"
	"crypto/sha256"
	"runtime"
	"strings"
	"sync"
)

// Scan is what reading every example once tells.
type Scan struct {
	Tokens []int      // [N] before truncation, the special ones included
	Hashes [][16]byte // [N] of the text in lower case with single spaces: equal for copies
}

// Scan tokenizes every example with so many workers; 0: one per core. observe,
// which may be nil, is told how many are done, one call at a time.
func (d *Dataset) Scan(ctx context.Context, workers int, observe func(done, total int)) (Scan, error) {
	s := Scan{Tokens: make([]int, d.Len()), Hashes: make([][16]byte, d.Len())}
	err := d.each(ctx, workers, 0, observe, func(i, tokens int, text, pair string) {
		s.Tokens[i], s.Hashes[i] = tokens, contentHash(text, pair)
	})
	if err != nil {
		return Scan{}, err
	}
	return s, nil
}

// Lengths tokenizes every example as Scan does, and returns the tokens of each in
// a batch: truncated, the special ones included, without padding.
func (d *Dataset) Lengths(ctx context.Context, workers int, observe func(done, total int)) ([]int, error) {
	lengths := make([]int, d.Len())
	err := d.each(ctx, workers, d.opts.MaxLength, observe, func(i, tokens int, _, _ string) { lengths[i] = tokens })
	if err != nil {
		return nil, err
	}
	return lengths, nil
}

// each tells do the tokens of every example, at most maxLength; 0: all. do runs on
// several goroutines, once for each example.
func (d *Dataset) each(ctx context.Context, workers, maxLength int, observe func(done, total int),
	do func(i, tokens int, text, pair string),
) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A worker takes a stretch of examples: they lie side by side in their file.
	const stretch = 64
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		next int
		done int
	)
	take := func(finished int) (from, to int) {
		mu.Lock()
		defer mu.Unlock()
		if done += finished; finished > 0 && observe != nil {
			observe(done, d.Len())
		}
		from = next
		next = min(next+stretch, d.Len())
		return from, next
	}
	for range workers {
		wg.Go(func() {
			enc := d.pool.Get().(*Encoder)
			defer d.pool.Put(enc)
			var ids []int32
			for from, to := take(0); from < to && ctx.Err() == nil; from, to = take(to - from) {
				for i := from; i < to; i++ {
					row := d.rows.At(i)
					e, err := d.corpus.Example(row)
					if err != nil {
						cancel(err)
						return
					}
					ids, _ = d.encode(enc, ids[:0], row, e, maxLength)
					do(i, len(ids), e.Text, e.Pair)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// contentHash is equal for texts that differ in case and white space alone.
func contentHash(text, pair string) [16]byte {
	plain := func(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }
	sum := sha256.Sum256([]byte(plain(text) + "\x00" + plain(pair)))
	return [16]byte(sum[:16])
}

// Name names the file and row of the i-th example; "" where it cannot be read.
func (d *Dataset) Name(i int) string {
	e, err := d.corpus.Example(d.rows.At(i))
	if err != nil {
		return ""
	}
	return e.ID
}
