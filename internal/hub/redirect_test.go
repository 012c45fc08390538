package hub

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The token goes to the endpoint and nowhere else, though net/http would take
// another port of the same host for the same server.
func TestToken(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Token = "hf_secret" })
	f.mustFetch(t)
	asked, elsewhere := 0, 0
	for _, r := range f.Log {
		if r.URL.Query().Has("signature") {
			elsewhere++
			if got := r.Header.Get("Authorization"); got != "" {
				t.Errorf("the content network got %q", got)
			}
		} else if asked++; r.Header.Get("Authorization") != "Bearer hf_secret" {
			t.Errorf("%s %s without the token", r.Method, r.URL)
		}
	}
	if asked != 2 || elsewhere != 1 {
		t.Errorf("%d and %d requests, want 2 and 1", asked, elsewhere)
	}
}

// A mirror's login, which stands in its address, reaches the mirror, and neither
// what is told of the model nor an error.
func TestLogin(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Endpoint = strings.Replace(o.Endpoint, "://", "://me:secret@", 1) })
	r, err := f.c.Resolve(t.Context(), "org/name", Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Log {
		user, password, _ := r.BasicAuth()
		if away := r.URL.Query().Has("signature"); !away && (user != "me" || password != "secret") || away && user != "" {
			t.Errorf("%s %s with the login %q, %q", r.Method, r.URL, user, password)
		}
	}
	if want := f.URL + "/org/name"; r.Source != want || f.o.Hub() != f.URL {
		t.Errorf("source %s of hub %s, want %s", r.Source, f.o.Hub(), want)
	}
	_, refused := f.c.Resolve(t.Context(), "org/other", Text)
	f.Close()
	_, unreached := f.c.Resolve(t.Context(), "org/third", Text)
	for _, err := range []error{refused, unreached} {
		mustContain(t, err, f.URL)
		if strings.Contains(err.Error(), "me:") || strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the login: %v", err)
		}
	}
}

// A redirect that leads away and back does not get the token again.
func TestTokenBoomerang(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Token = "hf_secret" })
	f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		http.Redirect(w, r, f.URL+"/back", http.StatusFound)
		return true
	}
	f.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != "/back" {
			return false
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("the token came back by way of another host")
		}
		return f.CutAfter(w, r, f.weights, len(f.weights))
	}
	f.mustFetch(t)
}

// A renamed repository redirects to its new place, a mirror to the hub.
func TestRedirects(t *testing.T) {
	f := newFixture(t)
	f.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		rest, ok := strings.CutPrefix(r.URL.Path, "/old/name/")
		if ok {
			http.Redirect(w, r, "/org/name/"+rest, http.StatusTemporaryRedirect)
		}
		return ok
	}
	r, err := f.c.Resolve(t.Context(), "old/name", Text)
	if err != nil || r.Revision != commitA || !strings.Contains(r.Dir, "models--old--name") {
		t.Errorf("renamed: %+v, %v", r, err)
	}

	mirror := newFakeHub(t)
	mirror.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, f.URL+r.URL.Path, http.StatusFound)
		return true
	}
	o := mirror.options(t)
	if r, err := newClient(t, o).Resolve(t.Context(), "org/name", Text); err != nil || r.Revision != commitA {
		t.Errorf("mirror: %+v, %v", r, err)
	}

	mirror.Fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return true
	}
	_, err = newClient(t, mirror.options(t)).Resolve(t.Context(), "org/name", Text)
	mustContain(t, err, "config.json", "stopped after 10 redirects")
}

// A proxy that opens TLS, or a server with a certificate of its own: one try, and
// a word on what to do.
func TestCertificate(t *testing.T) {
	h := newFakeHub(t)
	tried := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { tried++ }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	o := h.options(t)
	o.Endpoint = server.URL
	c := newClient(t, o)
	_, err := c.Resolve(t.Context(), "org/name", Text)
	mustContain(t, err, "config.json of org/name", "certificate", "SSL_CERT_FILE")
	_, err = c.Resolve(t.Context(), server.URL+"/files/a.pth", Vision)
	if err != nil && strings.Contains(err.Error(), "gave up after") {
		t.Errorf("tried again in vain: %v", err)
	}
	if tried != 0 {
		t.Errorf("%d requests came through", tried)
	}
}
