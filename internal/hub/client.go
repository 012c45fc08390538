package hub

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Client resolves references. It is safe for use by several goroutines if
// Options.Progress is.
type Client struct {
	o        Options
	endpoint *url.URL      // without a login: it is shown and stored
	login    *url.Userinfo // to the endpoint; nil: none
	log      *slog.Logger
	http     *retryablehttp.Client
	free     func(dir string) (n uint64, ok bool)
}

// New returns a client. The error names the option at fault; no connection is
// opened.
func New(o Options) (*Client, error) {
	endpoint, login, err := parseEndpoint(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if o.Retries == 0 {
		o.Retries = 5
	}
	o.Retries = max(o.Retries, 0)
	o.RetryWait = cmp.Or(o.RetryWait, time.Second)
	o.RetryWaitMax = max(cmp.Or(o.RetryWaitMax, 30*time.Second), o.RetryWait)
	o.MaxRetryAfter = cmp.Or(o.MaxRetryAfter, 2*time.Minute)
	o.StallTimeout = cmp.Or(o.StallTimeout, 30*time.Second)
	o.CheckTimeout = cmp.Or(o.CheckTimeout, 10*time.Second)

	c := &Client{o: o, endpoint: endpoint, login: login, log: o.Logger, free: freeSpace}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.http = c.newHTTP()
	return c, nil
}

// Close closes idle connections. The client can still be used.
func (c *Client) Close() { c.http.HTTPClient.CloseIdleConnections() }

// parseEndpoint takes the login of a private mirror out of its address. The error
// does not show one.
func parseEndpoint(s string) (*url.URL, *url.Userinfo, error) {
	u, err := url.Parse(strings.TrimRight(cmp.Or(s, DefaultEndpoint), "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		if at := strings.LastIndex(s, "@"); at >= 0 {
			s = "…" + s[at:]
		}
		return nil, nil, fmt.Errorf("%q is not an address such as %s", s, DefaultEndpoint)
	}
	login := u.User
	u.User = nil
	return u, login, nil
}

// authorize adds the token, or else the login, to a request that goes to the
// endpoint itself.
func (c *Client) authorize(r *http.Request) {
	switch {
	case !sameOrigin(r.URL, c.endpoint):
	case c.o.Token != "":
		r.Header.Set("Authorization", "Bearer "+c.o.Token)
	case c.login != nil:
		password, _ := c.login.Password()
		r.SetBasicAuth(c.login.Username(), password)
	}
}

func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}
