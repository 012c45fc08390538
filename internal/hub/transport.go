package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// impatient marks a context whose request has something to fall back on: it is
// tried once.
type impatient struct{}

func (c *Client) newHTTP() *retryablehttp.Client {
	transport := c.o.Transport
	if transport == nil {
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			transport = t.Clone()
		} else {
			transport = http.DefaultTransport
		}
	}
	r := retryablehttp.NewClient()
	r.Logger = nil // it would write to stderr
	r.HTTPClient = &http.Client{
		Transport:     &watchdog{next: transport, limit: c.o.StallTimeout},
		CheckRedirect: c.checkRedirect,
	}
	r.RetryMax = c.o.Retries
	r.RetryWaitMin, r.RetryWaitMax = c.o.RetryWait, c.o.RetryWaitMax
	r.CheckRetry = c.checkRetry
	r.Backoff = c.backoff
	r.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return r
}

// noRedirect marks a context whose requests stop at a redirect.
type noRedirect struct{}

// checkRedirect lets the token reach the endpoint alone. net/http keeps it for
// subdomains, other ports and plain http, which signed download addresses on a
// content network are none of the token's business.
func (c *Client) checkRedirect(r *http.Request, via []*http.Request) error {
	if r.Context().Value(noRedirect{}) != nil {
		return http.ErrUseLastResponse
	}
	if len(via) >= maxHops {
		return fmt.Errorf("stopped after %d redirects", maxHops)
	}
	for _, hop := range append(via[:len(via):len(via)], r) {
		if !sameOrigin(hop.URL, c.endpoint) {
			r.Header.Del("Authorization")
		}
	}
	return nil
}

const maxHops = 10

func (c *Client) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	retry, checkErr := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	switch {
	case !retry || ctx.Value(impatient{}) != nil:
		return false, checkErr
	case err != nil:
		return !unreachable(err), nil
	case retryAfter(resp.Header) > c.o.MaxRetryAfter:
		return false, nil // the caller says how long the server asks for
	}
	return true, nil
}

// unreachable reports that there is no network to the host, or no such host:
// waiting half a minute would only delay the message.
func unreachable(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && !dns.IsTimeout ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)
}

func (c *Client) backoff(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := min(low<<min(attempt, 20), high)
	if resp != nil {
		if asked := retryAfter(resp.Header); asked > 0 {
			wait = asked
		}
		c.log.Warn("the server asks for patience", "status", resp.StatusCode, "host", resp.Request.URL.Host, "wait", wait)
	} else {
		c.log.Warn("connection failed, trying again", "wait", wait)
	}
	return wait
}

// retryAfter reads the header, which holds seconds or a date.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}

// tlsHint explains the one certificate error that users meet at work.
func tlsHint(err error) string {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return "; behind a proxy that opens TLS, name its certificate in SSL_CERT_FILE"
	}
	return ""
}
