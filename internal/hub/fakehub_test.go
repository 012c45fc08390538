package hub

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// fakeHub answers like the hub: metadata in the headers of HEAD, small files by
// itself, large ones by a redirect to a content network on another host.
type fakeHub struct {
	*httptest.Server
	cdn *httptest.Server

	mu    sync.Mutex
	repos map[string]*fakeRepo
	// fault and cdnFault may answer in the server's place; n counts the
	// requests of that method and path from 1.
	fault    func(w http.ResponseWriter, r *http.Request, n int) (done bool)
	cdnFault func(w http.ResponseWriter, r *http.Request, n int) (done bool)
	counts   map[string]int
	log      []*http.Request
}

type fakeRepo struct {
	commit string // of main
	files  map[string][]byte
}

func newFakeHub(t testing.TB) *fakeHub {
	t.Helper()
	h := &fakeHub{repos: make(map[string]*fakeRepo), counts: make(map[string]int)}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	h.cdn = httptest.NewServer(http.HandlerFunc(h.serveCDN))
	t.Cleanup(h.Close)
	t.Cleanup(h.cdn.Close)
	return h
}

func (h *fakeHub) add(id, commit string, files map[string][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repos[id] = &fakeRepo{commit: commit, files: files}
}

// count returns how many requests of the method had the suffix in their path.
func (h *fakeHub) count(method, suffix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.log {
		if r.Method == method && strings.HasSuffix(r.URL.Path, suffix) {
			n++
		}
	}
	return n
}

func (h *fakeHub) note(r *http.Request) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, r)
	h.counts[r.Method+r.URL.Path]++
	return h.counts[r.Method+r.URL.Path]
}

func (h *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	n := h.note(r)
	h.mu.Lock()
	fault, repos := h.fault, maps.Clone(h.repos)
	h.mu.Unlock()
	if fault != nil && fault(w, r, n) {
		return
	}
	refuse := func(status int, code string) {
		w.Header().Set("X-Error-Code", code)
		w.WriteHeader(status)
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/resolve/", 2)
	repo := repos[parts[0]]
	if len(parts) != 2 || repo == nil {
		refuse(http.StatusNotFound, codeRepoNotFound)
		return
	}
	revision, file, _ := strings.Cut(parts[1], "/")
	if revision, _ = url.PathUnescape(revision); revision != "main" && revision != "refs/pr/1" && revision != repo.commit {
		refuse(http.StatusNotFound, codeRevisionNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", repo.commit)
	data, ok := repo.files[file]
	if !ok {
		refuse(http.StatusNotFound, codeEntryNotFound)
		return
	}
	if large(file) {
		sum := sha256.Sum256(data)
		tag := hex.EncodeToString(sum[:])
		w.Header().Set("X-Linked-Etag", `"`+tag+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
		http.Redirect(w, r, h.cdn.URL+"/"+parts[0]+"/"+file+"?signature=secret", http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"`+gitBlob(data)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (h *fakeHub) serveCDN(w http.ResponseWriter, r *http.Request) {
	n := h.note(r)
	h.mu.Lock()
	fault := h.cdnFault
	var data []byte
	for id, repo := range h.repos {
		if file, ok := strings.CutPrefix(r.URL.Path, "/"+id+"/"); ok {
			data = repo.files[file]
		}
	}
	h.mu.Unlock()
	if fault != nil && fault(w, r, n) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func large(file string) bool {
	return strings.HasSuffix(file, ".safetensors") || strings.HasSuffix(file, ".bin")
}

func gitBlob(data []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}

// cutAfter answers properly, but breaks the connection after n bytes of body.
func (h *fakeHub) cutAfter(w http.ResponseWriter, r *http.Request, data []byte, n int) bool {
	http.ServeContent(&cutWriter{ResponseWriter: w, left: n}, r, "", time.Time{}, bytes.NewReader(data))
	return true
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) <= w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	_, _ = w.ResponseWriter.Write(p[:w.left])
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

// bert is a repository such as the text models'.
func bert() map[string][]byte {
	return map[string][]byte{
		"config.json":           []byte(`{"model_type":"bert"}`),
		"tokenizer.json":        []byte(`{"model":{}}`),
		"vocab.txt":             []byte("[PAD]\n[UNK]\n"),
		"tokenizer_config.json": []byte(`{}`),
		"model.safetensors":     noise(1<<20, 1),
	}
}

func noise(n, seed int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
	return data
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sortedStrings(s []string) []string { return slices.Sorted(slices.Values(s)) }
