package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// errStalled is why a request was given up that no longer moved.
var errStalled = errors.New("the connection stalled")

// watchdog gives up a request during which no byte arrives for the limit, be it
// of the header or of the body: a client timeout would also end a slow but
// steady download.
type watchdog struct {
	next  http.RoundTripper
	limit time.Duration
}

func (w *watchdog) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(w.limit, func() {
		cancel(fmt.Errorf("%w: no byte for %s", errStalled, w.limit))
	})
	resp, err := w.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		timer.Stop()
		err = stallCause(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, ctx: ctx, timer: timer, limit: w.limit, cancel: cancel}
	return resp, nil
}

// CloseIdleConnections lets http.Client reach the transport below.
func (w *watchdog) CloseIdleConnections() {
	if t, ok := w.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// stallCause returns the stall in place of the "context canceled" it led to.
func stallCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	return err
}

type watchedBody struct {
	io.ReadCloser
	ctx    context.Context
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
	once   sync.Once
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && err == nil {
		b.timer.Reset(b.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = stallCause(b.ctx, err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() { b.timer.Stop(); b.cancel(nil) })
	return err
}
