package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const userAgent = "gotune (+https://github.com/gotune/gotune)"

// transfer is one file on its way.
type transfer struct {
	name    string // for progress and messages
	url     string
	part    string // where the bytes go
	size    int64  // bytes, -1 if unknown
	sums    []digest
	refused func(*http.Response) error
	noHTML  bool // a page in place of the file is a mistake

	// validator holds a plain file's version while nothing else tells a part of
	// one version from the rest of another.
	validator string
}

// transfer fetches the file into its part, from where an earlier try left off,
// and checks its sums. After an error a part that can be of use is still there.
func (c *Client) transfer(ctx context.Context, t transfer) error {
	if len(t.sums) == 0 {
		// Without a sum nothing tells whose part it is.
		if err := os.Remove(t.part); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for again := false; ; again = true {
		if err := c.download(ctx, &t); err != nil {
			return err
		}
		err := verify(t.part, t.sums)
		var wrong *IntegrityError
		if !errors.As(err, &wrong) {
			return err
		}
		if err := os.Remove(t.part); err != nil {
			return err
		}
		wrong.File = t.name
		if again {
			return fmt.Errorf("fetched twice from %s, both times with other content: %w", withoutQuery(t.url), wrong)
		}
		c.log.Warn("the content is not what it should be, fetching it again", "file", t.name, "err", wrong)
	}
}

// download goes on until the part is complete. Cuts are repaired for as long as
// each try brings some bytes; Options.Retries in a row that bring none end it.
func (c *Client) download(ctx context.Context, t *transfer) (err error) {
	f, err := os.OpenFile(t.part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	done, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if t.size >= 0 && done > t.size {
		if done, err = 0, restart(f); err != nil {
			return err
		}
	}
	if t.size >= 0 {
		if free, ok := c.free(filepath.Dir(t.part)); ok && free < uint64(t.size-done) {
			return c.noSpace(t, done, syscall.ENOSPC)
		}
	}
	c.progress(t, done, t.size)
	if done == t.size {
		return f.Sync()
	}
	start, best, failures := done, done, 0
	for {
		var again bool
		done, again, err = c.attempt(ctx, t, f, done)
		if err == nil {
			return f.Sync()
		}
		if !again || ctx.Err() != nil || best == start && done <= best && unreachable(err) {
			return err
		}
		if failures++; done > best {
			best, failures = done, 1
		}
		if failures > c.o.Retries {
			return fmt.Errorf("fetch %s: gave up after %d tries: %w", t.name, failures, err)
		}
		wait := min(c.o.RetryWait<<min(failures-1, 20), c.o.RetryWaitMax)
		c.log.Warn("the download broke off, going on", "file", t.name, "done", done, "err", err, "wait", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
