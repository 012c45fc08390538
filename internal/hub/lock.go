package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// locked runs do while no other process does so under the same lock.
func (c *Client) locked(ctx context.Context, lock, what string, do func() error) error {
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		return err
	}
	l := flock.New(lock, flock.SetPermissions(0o664))
	held, err := l.TryLock()
	if err == nil && !held {
		c.log.Info("another process is fetching it, waiting", "file", what)
		held, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("lock for %s: %w", what, err)
	case err != nil:
		// Some network file systems cannot lock. Two processes may then write one
		// part, which its sum brings to light.
		c.log.Warn("cannot lock", "file", lock, "err", err)
	}
	if held {
		defer func() {
			if err := l.Unlock(); err != nil {
				c.log.Warn("cannot unlock", "file", lock, "err", err)
			}
		}()
	}
	return do()
}
