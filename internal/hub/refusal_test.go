package hub

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRateLimit(t *testing.T) {
	limited := func(f *fixture, times int, wait string) {
		f.Fault = func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n > times {
				return false
			}
			w.Header().Set("Retry-After", wait)
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
	}
	f := newFixture(t)
	limited(f, 1, "1")
	start := time.Now()
	f.mustFetch(t) // HEAD and GET each wait once
	if d := time.Since(start); d < 2*time.Second {
		t.Errorf("done after %s, but the server asked to wait twice 1s", d)
	}

	f = newFixture(t)
	limited(f, 99, "3600")
	start = time.Now()
	_, err := f.fetch(t)
	mustContain(t, err, "429", "wait 1h0m0s", "HF_TOKEN")
	if d := time.Since(start); d > time.Second {
		t.Errorf("waited %s for nothing", d)
	}
	if n := f.Count(http.MethodHead, "model.safetensors"); n != 1 {
		t.Errorf("%d tries, want 1", n)
	}
}

func TestRetryAfter(t *testing.T) {
	h := http.Header{}
	for v, want := range map[string]time.Duration{
		"": 0, "3": 3 * time.Second, "-1": 0, "x": 0, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0,
	} {
		h.Set("Retry-After", v)
		if got := retryAfter(h); got != want {
			t.Errorf("%q: %s, want %s", v, got, want)
		}
	}
	h.Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	if got := retryAfter(h); got < 59*time.Minute || got > time.Hour {
		t.Errorf("a date in an hour: %s", got)
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		token  string
		says   []string
		usage  bool
	}{
		{401, "RepoNotFound", "", []string{"org/bert-base-uncase", "401", "HF_TOKEN", "bert-base-uncased"}, true},
		{401, "", "hf_x", []string{"org/bert-base-uncase", "refuses the token", "HF_TOKEN"}, false},
		{401, "GatedRepo", "", []string{"gated", "accept its terms", "/org/bert-base-uncase", "HF_TOKEN"}, false},
		{403, "GatedRepo", "hf_x", []string{"gated", "HF_TOKEN"}, false},
		{403, "", "hf_x", []string{"config.json of org/bert-base-uncase@main", "403", "HF_TOKEN"}, false},
		{404, "RepoNotFound", "hf_x", []string{"no model repository org/bert-base-uncase", "did you mean bert-base-uncased"}, true},
		{404, "RevisionNotFound", "", []string{"org/bert-base-uncase", `no revision "main"`}, true},
		{404, "EntryNotFound", "", []string{"org/bert-base-uncase@main has no file config.json"}, true},
		{404, "", "", []string{"config.json of org/bert-base-uncase@main", "404"}, true},
		{500, "", "", []string{"config.json of org/bert-base-uncase@main", "500", "try again later", "HF_ENDPOINT"}, false},
		{503, "", "", []string{"config.json of org/bert-base-uncase@main", "503"}, false},
		{418, "", "", []string{"config.json of org/bert-base-uncase@main", "418"}, false},
	} {
		t.Run(fmt.Sprint(tt.status, tt.code), func(t *testing.T) {
			h := newFakeHub(t)
			h.Fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				w.Header().Set("X-Error-Code", tt.code)
				w.WriteHeader(tt.status)
				return true
			}
			o := h.options(t)
			o.Token = tt.token
			_, err := newClient(t, o).Resolve(t.Context(), "org/bert-base-uncase", Text)
			mustContain(t, err, tt.says...)
			if errors.Is(err, ErrUsage) != tt.usage {
				t.Errorf("ErrUsage is %v", !tt.usage)
			}
			var status *StatusError
			if !errors.As(err, &status) || status.Status != tt.status {
				t.Errorf("%T, want a StatusError with %d", err, tt.status)
			}
			want := 1
			if tt.status >= 500 {
				want = 6
			}
			if n := len(h.Log); n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
		})
	}
}

// The refusal comes with the file itself, from the content network.
func TestRefusedBlob(t *testing.T) {
	f := newFixture(t)
	f.CDNFault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	_, err := f.fetch(t)
	mustContain(t, err, "model.safetensors of org/name", "403")
	if strings.Contains(err.Error(), "signature") {
		t.Errorf("the signed address is shown: %v", err)
	}
}

func TestServerErrorsPass(t *testing.T) {
	f := newFixture(t)
	flaky := func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n > 2 {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	f.Fault, f.CDNFault = flaky, flaky
	f.mustFetch(t)
}

// What is cached is served while the hub refuses.
func TestServerErrorCached(t *testing.T) {
	f := newFixture(t)
	f.mustFetch(t)
	for _, status := range []int{401, 500, 429} {
		f.Fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.WriteHeader(status)
			return true
		}
		before := len(f.Log)
		f.mustFetch(t)
		if n := len(f.Log) - before; n != 1 {
			t.Errorf("%d: asked %d times, want once", status, n)
		}
	}
}

func TestNotAHub(t *testing.T) {
	for name, header := range map[string]http.Header{
		"a web server":          {"Etag": {`"x"`}},
		"a tag that leads out":  {"Etag": {`"../../../x"`}, "X-Repo-Commit": {commitA}},
		"a commit that does so": {"Etag": {`"x"`}, "X-Repo-Commit": {"../../x"}},
		"no tag":                {"X-Repo-Commit": {commitA}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFakeHub(t)
			h.Fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				for k, v := range header {
					w.Header()[k] = v
				}
				return true
			}
			o := h.options(t)
			_, err := newClient(t, o).Resolve(t.Context(), "org/name", Text)
			mustContain(t, err, "does not answer like a Hugging Face hub", "HF_ENDPOINT")
			if _, err := os.Stat(o.CacheDir); err == nil {
				t.Error("something was written")
			}
		})
	}
}
