// Package hubtest is a Hugging Face hub on this machine, for the tests of what
// fetches from one.
package hubtest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Hub answers like the hub: metadata in the headers of HEAD, small files by
// itself, large ones by a redirect to a content network on another host.
type Hub struct {
	*httptest.Server
	CDN *httptest.Server // where large files are

	mu     sync.Mutex // guards what follows
	repos  map[string]*repository
	counts map[string]int
	Log    []*http.Request
	// Fault and CDNFault may answer in the server's place; n counts the
	// requests of that method and path from 1.
	Fault    func(w http.ResponseWriter, r *http.Request, n int) (done bool)
	CDNFault func(w http.ResponseWriter, r *http.Request, n int) (done bool)
}

type repository struct {
	commit string // of main
	files  map[string][]byte
}

// Start returns a hub with no repositories. Close it when done.
func Start() *Hub {
	h := &Hub{repos: make(map[string]*repository), counts: make(map[string]int)}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	h.CDN = httptest.NewServer(http.HandlerFunc(h.serveCDN))
	return h
}

// Close stops both servers.
func (h *Hub) Close() {
	h.Server.Close()
	h.CDN.Close()
}

// Add makes the repository hold these files at a commit, its main.
func (h *Hub) Add(id, commit string, files map[string][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repos[id] = &repository{commit: commit, files: files}
}

// Count returns how many requests of the method had the suffix in their path.
func (h *Hub) Count(method, suffix string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.Log {
		if r.Method == method && strings.HasSuffix(r.URL.Path, suffix) {
			n++
		}
	}
	return n
}

func (h *Hub) note(r *http.Request) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Log = append(h.Log, r)
	h.counts[r.Method+r.URL.Path]++
	return h.counts[r.Method+r.URL.Path]
}

func (h *Hub) serve(w http.ResponseWriter, r *http.Request) {
	n := h.note(r)
	h.mu.Lock()
	fault, repos := h.Fault, maps.Clone(h.repos)
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
		refuse(http.StatusNotFound, "RepoNotFound")
		return
	}
	revision, file, _ := strings.Cut(parts[1], "/")
	if revision, _ = url.PathUnescape(revision); revision != "main" && revision != "refs/pr/1" && revision != repo.commit {
		refuse(http.StatusNotFound, "RevisionNotFound")
		return
	}
	w.Header().Set("X-Repo-Commit", repo.commit)
	data, ok := repo.files[file]
	if !ok {
		refuse(http.StatusNotFound, "EntryNotFound")
		return
	}
	if Large(file) {
		sum := sha256.Sum256(data)
		tag := hex.EncodeToString(sum[:])
		w.Header().Set("X-Linked-Etag", `"`+tag+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
		http.Redirect(w, r, h.CDN.URL+"/"+parts[0]+"/"+file+"?signature=secret", http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"`+GitBlob(data)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (h *Hub) serveCDN(w http.ResponseWriter, r *http.Request) {
	n := h.note(r)
	h.mu.Lock()
	fault := h.CDNFault
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

// ForgetCounts lets the next request of each kind be the first again.
func (h *Hub) ForgetCounts() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.counts)
}

// Large says whether a file is kept on the other host.
func Large(file string) bool {
	return strings.HasSuffix(file, ".safetensors") || strings.HasSuffix(file, ".bin")
}

// GitBlob is the tag of a small file: its hash as git has it.
func GitBlob(data []byte) string {
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}

// CutAfter answers properly, but breaks the connection after n bytes of body.
func (h *Hub) CutAfter(w http.ResponseWriter, r *http.Request, data []byte, n int) bool {
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
