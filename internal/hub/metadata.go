package hub

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// metadata is what the hub says of a file before it is fetched.
type metadata struct {
	commit string
	etag   string // the blob's name in the cache
	size   int64  // bytes, -1 if unknown
	sums   []digest
}

func (c *Client) repoURL(repo string) string { return c.endpoint.String() + "/" + repo }

// resolveURL is the file's address. Slashes of a revision are escaped (refs/pr/1
// is one revision), those of a file are not.
func (c *Client) resolveURL(repo, revision, file string) string {
	parts := strings.Split(file, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return c.repoURL(repo) + "/resolve/" + url.PathEscape(revision) + "/" + strings.Join(parts, "/")
}

// head asks for a file's metadata. The hub gives it in the headers of its own
// answer, which for a large file is a redirect to where the bytes are; redirects
// before that, of a renamed repository or of a mirror, are followed.
func (c *Client) head(ctx context.Context, repo, revision, file string) (metadata, error) {
	ctx = context.WithValue(ctx, noRedirect{}, true)
	m := metadata{size: -1}
	var linked, tag, xet string // of the large file, of the answer, of its chunks
	address := c.resolveURL(repo, revision, file)
	for range maxHops {
		req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodHead, address, nil)
		if err != nil {
			return m, err
		}
		req.Header.Set("User-Agent", userAgent)
		// The size of the file is wanted, not of its compressed form.
		req.Header.Set("Accept-Encoding", "identity")
		c.authorize(req.Request)
		resp, err := c.http.Do(req)
		if err != nil {
			return m, fmt.Errorf("ask %s for %s of %s: %w%s", c.endpoint, file, repo, err, tlsHint(err))
		}
		_ = resp.Body.Close() // HEAD has none
		h := resp.Header
		if v := h.Get("X-Repo-Commit"); v != "" {
			m.commit = v
		}
		if v := h.Get("X-Xet-Hash"); v != "" {
			xet = v
		}
		if v := h.Get("X-Linked-Etag"); v != "" {
			linked = v
		}
		if v := h.Get("ETag"); v != "" {
			tag = v
		}
		m.etag = strings.Trim(strings.TrimPrefix(cmp.Or(linked, tag), "W/"), `"`)
		if n, err := strconv.ParseInt(h.Get("X-Linked-Size"), 10, 64); err == nil && n >= 0 {
			m.size = n
		} else if m.size < 0 && resp.StatusCode == http.StatusOK {
			m.size = resp.ContentLength
		}
		location, err := resp.Location()
		redirect := err == nil && resp.StatusCode >= 300 && resp.StatusCode < 400
		answered := m.commit != "" && linked != ""
		if redirect && (!answered || sameOrigin(location, req.URL)) {
			address = location.String()
			continue
		}
		if resp.StatusCode >= 400 {
			return m, c.statusError(resp, repo, revision, file)
		}
		return m, m.check(c.endpoint.String(), file, repo, xet)
	}
	return m, fmt.Errorf("ask %s for %s of %s: stopped after %d redirects", c.endpoint, file, repo, maxHops)
}

// check refuses an answer that is not a hub's. Commit and tag become names of
// files, so they must not lead elsewhere.
func (m *metadata) check(endpoint, file, repo, xet string) error {
	if !safeName(m.commit) || !safeName(m.etag) {
		return fmt.Errorf("%s does not answer like a Hugging Face hub for %s of %s (X-Repo-Commit %q, ETag %q): check HF_ENDPOINT and the proxy",
			endpoint, file, repo, m.commit, m.etag)
	}
	// The tag of a mirror may be the hash of Xet's chunks instead of the file's.
	if d, ok := etagDigest(m.etag); ok && m.etag != xet {
		m.sums = []digest{d}
	}
	return nil
}

// statusError reads a refusal. The hub explains itself in headers.
func (c *Client) statusError(resp *http.Response, repo, revision, file string) *StatusError {
	u := *resp.Request.URL
	u.RawQuery, u.User = "", nil // a signed address is a secret for an hour
	e := &StatusError{
		URL: u.String(), Endpoint: c.endpoint.String(), Repo: repo, Revision: revision, File: file,
		Status: resp.StatusCode, Code: resp.Header.Get("X-Error-Code"), Message: resp.Header.Get("X-Error-Message"),
		RetryAfter: retryAfter(resp.Header), Token: c.o.Token != "",
	}
	if repo != "" && (e.Status == http.StatusNotFound || e.Status == http.StatusUnauthorized) {
		e.Near = near(repo)
	}
	return e
}
