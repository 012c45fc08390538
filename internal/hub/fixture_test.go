package hub

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fixture is a server with one model and a client for it.
type fixture struct {
	*fakeHub
	o       Options
	c       *Client
	weights []byte
	blob    string // of the weights
}

func newFixture(t *testing.T, change ...func(*Options)) *fixture {
	t.Helper()
	h := newFakeHub(t)
	h.Add("org/name", commitA, bert())
	o := h.options(t)
	for _, f := range change {
		f(&o)
	}
	weights := bert()["model.safetensors"]
	return &fixture{
		fakeHub: h, o: o, c: newClient(t, o), weights: weights,
		blob: filepath.Join(o.CacheDir, "models--org--name/blobs", sha(weights)),
	}
}

func (f *fixture) fetch(t *testing.T) (string, error) {
	t.Helper()
	return f.c.File(t.Context(), "org/name", "", "model.safetensors")
}

func (f *fixture) mustFetch(t *testing.T) {
	t.Helper()
	name, err := f.fetch(t)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, name), f.weights) {
		t.Error("the content differs")
	}
	if _, err := os.Stat(f.blob + ".incomplete"); err == nil {
		t.Error("the part is still there")
	}
}

func (f *fixture) ranges() (got []string) {
	for _, r := range f.Log {
		if r.Method == http.MethodGet && r.URL.Query().Has("signature") {
			got = append(got, r.Header.Get("Range"))
		}
	}
	return got
}

// options are quick ones for the server, with folders of the test's own.
func (h *fakeHub) options(t testing.TB) Options {
	t.Helper()
	dir := t.TempDir()
	return Options{
		CacheDir: filepath.Join(dir, "hub"), FilesDir: filepath.Join(dir, "files"), Endpoint: h.URL,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		// No proxy: one that a developer's machine names would not reach the test.
		Transport: &http.Transport{}, RetryWait: time.Millisecond, RetryWaitMax: 10 * time.Millisecond,
		StallTimeout: 5 * time.Second, CheckTimeout: 5 * time.Second,
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// mustContain fails unless the error mentions every part, on one line.
func mustContain(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %q", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not mention %q", err, part)
		}
	}
}
