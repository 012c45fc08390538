package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/hashicorp/go-retryablehttp"
)

// attempt appends to the part what one request brings and returns the part's
// new length, and whether another attempt may help.
func (c *Client) attempt(ctx context.Context, t *transfer, f *os.File, done int64) (int64, bool, error) {
	if done > 0 && len(t.sums) == 0 && t.validator == "" {
		if err := restart(f); err != nil {
			return done, false, err
		}
		done = 0
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return done, false, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", done))
		if len(t.sums) == 0 {
			req.Header.Set("If-Range", t.validator)
		}
	}
	c.authorize(req.Request)
	resp, err := c.http.Do(req)
	if err != nil {
		var certificate *tls.CertificateVerificationError
		return done, !errors.As(err, &certificate), fmt.Errorf("fetch %s: %w%s", t.name, err, tlsHint(err))
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusOK, http.StatusRequestedRangeNotSatisfiable:
		whole := resp.StatusCode == http.StatusOK
		if !whole && done == 0 {
			return done, false, t.refused(resp)
		}
		if done > 0 {
			if err := restart(f); err != nil {
				return done, false, err
			}
			done = 0
		}
		if !whole {
			return done, true, fmt.Errorf("fetch %s: the server does not resume it", t.name)
		}
	case http.StatusPartialContent:
		if from := rangeStart(resp.Header.Get("Content-Range")); from != done {
			return 0, true, errors.Join(fmt.Errorf("fetch %s: asked for bytes from %d, got them from %d", t.name, done, from), restart(f))
		}
	default:
		return done, false, t.refused(resp)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); t.noHTML && err == nil && kind == "text/html" {
		return done, false, fmt.Errorf("fetch %s: the server sent a web page, not a file", t.name)
	}
	if v := resp.Header.Get("ETag"); v != "" && !strings.HasPrefix(v, "W/") {
		t.validator = v
	} else {
		t.validator = resp.Header.Get("Last-Modified")
	}
	total := t.size
	if total < 0 && resp.ContentLength >= 0 {
		total = done + resp.ContentLength
	}
	return c.receive(t, f, resp.Body, done, total)
}

// receive copies the body to the part.
func (c *Client) receive(t *transfer, f *os.File, body io.Reader, done, total int64) (int64, bool, error) {
	buf := make([]byte, 256<<10)
	told := time.Now()
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if total >= 0 && done+int64(n) > total {
				return done, false, fmt.Errorf("fetch %s: more than the %d bytes that were announced", t.name, total)
			}
			if _, err := f.Write(buf[:n]); err != nil {
				// What was written of the chunk is cut off again, so that the part
				// stays a beginning of the file.
				err = errors.Join(err, f.Truncate(done))
				if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
					err = c.noSpace(t, done, err)
				}
				return done, false, err
			}
			done += int64(n)
			if time.Since(told) > 100*time.Millisecond {
				told = time.Now()
				c.progress(t, done, total)
			}
		}
		switch {
		case err == io.EOF && total >= 0 && done < total:
			return done, true, fmt.Errorf("fetch %s: the connection closed after %d of %d bytes", t.name, done, total)
		case err == io.EOF:
			c.progress(t, done, done)
			return done, false, nil
		case err != nil:
			return done, true, fmt.Errorf("fetch %s: %w", t.name, err)
		}
	}
}

func (c *Client) progress(t *transfer, done, total int64) {
	if c.o.Progress != nil {
		c.o.Progress(t.name, done, total)
	}
}

// noSpace says how much room is wanted where. The part stays.
func (c *Client) noSpace(t *transfer, done int64, err error) error {
	dir := filepath.Dir(t.part)
	need := "more room"
	if t.size >= 0 {
		need = humanize.Bytes(uint64(t.size-done)) + " more"
	}
	return fmt.Errorf("fetch %s: no space left for %s: it needs %s; free some, or set HF_HOME and XDG_CACHE_HOME to folders that have it: %w",
		t.name, dir, need, err)
}

// restart empties the part.
func restart(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// rangeStart reads "bytes 100-199/200"; -1 if it is none.
func rangeStart(s string) int64 {
	var from, to int64
	if n, err := fmt.Sscanf(s, "bytes %d-%d", &from, &to); n != 2 || err != nil {
		return -1
	}
	return from
}

func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}
