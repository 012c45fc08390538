package hub

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotune/gotune/internal/hubtest"
)

// plainServer serves one file, whose versions the test sets.
type plainServer struct {
	*httptest.Server
	mu     sync.Mutex
	data   []byte
	etag   string
	fault  func(w http.ResponseWriter, r *http.Request, n int) bool
	ranges []string
}

func newPlainServer(t *testing.T, data []byte) *plainServer {
	t.Helper()
	p := &plainServer{data: data}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.ranges = append(p.ranges, r.Header.Get("Range"))
		n, fault, data, etag := len(p.ranges), p.fault, p.data, p.etag
		p.mu.Unlock()
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		if fault == nil || !fault(w, r, n) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func plainClient(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	o := (&fakeHub{&hubtest.Hub{Server: &httptest.Server{URL: "https://hub.example"}}}).options(t)
	for _, f := range change {
		f(&o)
	}
	return newClient(t, o)
}

func TestPlain(t *testing.T) {
	data := noise(300_000, 5)
	p := newPlainServer(t, data)
	c := plainClient(t, func(o *Options) { o.Token = "hf_secret" })
	address := p.URL + "/models/a.pth"
	r, err := c.Resolve(t.Context(), address+"?key=secret", Vision)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.ReplaceAll(strings.TrimPrefix(p.URL, "http://"), ":", "_")
	if want := filepath.Join(c.o.FilesDir, host, "models"); filepath.Dir(r.File) != want || r.Source != address || !strings.HasSuffix(r.File, ".pth") {
		t.Errorf("%+v, want a file in %s", r, want)
	}
	if !bytes.Equal(read(t, r.File), data) {
		t.Error("the content differs")
	}
	if _, err := c.Resolve(t.Context(), address+"?key=secret", Vision); err != nil || len(p.ranges) != 1 {
		t.Errorf("again: %v, %d requests", err, len(p.ranges))
	}
	// Another query is another file.
	other, err := c.Resolve(t.Context(), address, Vision)
	if err != nil || other.File == r.File || filepath.Base(other.File) != "a.pth" {
		t.Errorf("%+v, %v", other, err)
	}
}

// A file whose sum is known is resumed, compared, and taken from other tools.
func TestPlainKnown(t *testing.T) {
	data := noise(300_000, 5)
	p := newPlainServer(t, data)
	address := p.URL + "/vgg16-397923af.pth"
	for name, sums := range map[string][]digest{
		"whole": {{sha256Sum, sha(data)}}, "prefix": {{sha256Sum, sha(data)[:8]}},
	} {
		t.Run(name, func(t *testing.T) {
			p.ranges = nil
			c := plainClient(t, func(o *Options) { o.Borrow = []string{t.TempDir()} })
			dest, err := c.plainPath(address)
			if err != nil {
				t.Fatal(err)
			}
			write(t, dest+".incomplete", data[:100_000])
			write(t, dest, data[:50]) // as a careless copy leaves it
			got, err := c.plain(t.Context(), "vgg16", address, sums, int64(len(data)))
			if err != nil || got != dest || !bytes.Equal(read(t, got), data) {
				t.Fatalf("%s, %v", got, err)
			}
			if len(p.ranges) != 1 || p.ranges[0] != "bytes=100000-" {
				t.Errorf("requests %q", p.ranges)
			}

			borrowed := filepath.Join(c.o.Borrow[0], "vgg16-397923af.pth")
			if err := os.Rename(dest, borrowed); err != nil {
				t.Fatal(err)
			}
			if got, err := c.plain(t.Context(), "vgg16", address, sums, int64(len(data))); err != nil || got != borrowed {
				t.Errorf("%s, %v, want %s", got, err, borrowed)
			}
			write(t, borrowed, data[:50])
			if got, err := c.plain(t.Context(), "vgg16", address, sums, int64(len(data))); err != nil || got != dest {
				t.Errorf("%s, %v, want %s", got, err, dest)
			}
		})
	}
}

// Without a sum a part is only continued while the server says that it is still
// the same file.
func TestPlainUnknownCut(t *testing.T) {
	old, now := noise(300_000, 5), noise(300_000, 6)
	for _, tag := range []string{"", `W/"weak"`, `"strong"`} {
		p := newPlainServer(t, old)
		p.etag = tag
		p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n > 1 {
				return false
			}
			new(hubtest.Hub).CutAfter(w, r, old, 100_000)
			return true
		}
		c := plainClient(t)
		r, err := c.Resolve(t.Context(), p.URL+"/a.h5", Vision)
		if err != nil || !bytes.Equal(read(t, r.File), old) {
			t.Fatalf("%s: %v", tag, err)
		}
		if resumed := p.ranges[1] != ""; resumed != (tag == `"strong"`) {
			t.Errorf("tag %s: ranges %q", tag, p.ranges)
		}
	}

	// The file changes between the tries.
	p := newPlainServer(t, now)
	p.etag = `"new"`
	p.fault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n > 1 {
			return false
		}
		w.Header().Set("ETag", `"old"`)
		return new(hubtest.Hub).CutAfter(w, r, old, 100_000)
	}
	c := plainClient(t)
	r, err := c.Resolve(t.Context(), p.URL+"/a.h5", Vision)
	if err != nil || !bytes.Equal(read(t, r.File), now) {
		t.Errorf("two versions were mixed: %v", err)
	}
}

func TestPlainFaults(t *testing.T) {
	p := newPlainServer(t, noise(1000, 5))
	answer := func(status int, kind string) {
		p.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>log in</html>"))
			return true
		}
	}
	c := plainClient(t)
	address := p.URL + "/a.pth"

	answer(200, "text/html; charset=utf-8")
	_, err := c.Resolve(t.Context(), address, Vision)
	mustContain(t, err, "a.pth", "web page")

	answer(404, "text/plain")
	_, err = c.Resolve(t.Context(), address+"?key=secret", Vision)
	mustContain(t, err, address, "404")
	if !errors.Is(err, ErrUsage) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v: want ErrUsage without the query", err)
	}

	answer(500, "text/plain")
	_, err = c.Resolve(t.Context(), address, Vision)
	mustContain(t, err, address, "500", "try again later")

	p.fault = nil
	_, err = c.plain(t.Context(), "vgg16", address, []digest{{sha256Sum, "397923af"}}, 0)
	var wrong *IntegrityError
	if !errors.As(err, &wrong) || wrong.Want != "397923af" {
		t.Errorf("%v, want an IntegrityError", err)
	}
	if dest, _ := c.plainPath(address); isFile(dest) {
		t.Error("a wrong file under its final name")
	}
}

func TestPlainOffline(t *testing.T) {
	c := plainClient(t, func(o *Options) { o.Offline = true })
	_, err := c.Resolve(t.Context(), "vgg16", Vision)
	if !errors.Is(err, ErrOffline) {
		t.Errorf("%v, want ErrOffline", err)
	}
	dest := filepath.Join(c.o.FilesDir, "download.pytorch.org/models/vgg16-397923af.pth")
	mustContain(t, err, "vgg16", "https://download.pytorch.org/models/vgg16-397923af.pth", dest)

	// Put there as told, but not whole: that, not the network, is the fault.
	write(t, dest, []byte("part"))
	_, err = c.Resolve(t.Context(), "vgg16", Vision)
	mustContain(t, err, dest, "want 397923af")

	_, err = c.Resolve(t.Context(), "https://example.org/own.pth", Vision)
	mustContain(t, err, "https://example.org/own.pth", filepath.Join(c.o.FilesDir, "example.org/own.pth"))
	write(t, filepath.Join(c.o.FilesDir, "example.org/own.pth"), []byte("weights"))
	if r, err := c.Resolve(t.Context(), "https://example.org/own.pth", Vision); err != nil || string(read(t, r.File)) != "weights" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPlainUnreachable(t *testing.T) {
	p := newPlainServer(t, nil)
	p.Close()
	c := plainClient(t, func(o *Options) { o.Retries = 2 })
	_, err := c.Resolve(t.Context(), p.URL+"/a.pth", Vision)
	mustContain(t, err, "a.pth", "refused")
	if strings.Contains(err.Error(), "gave up") {
		t.Errorf("waited for a host that is not there: %v", err)
	}
}
