package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cutting breaks the first so many downloads, each after so many bytes.
func (f *fixture) cutting(times, after int) {
	f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		return n <= times && f.CutAfter(w, r, f.weights, after)
	}
}

func TestCut(t *testing.T) {
	// More cuts than Retries: each try brings some bytes, so none is the last.
	f := newFixture(t, func(o *Options) { o.Retries = 2 })
	f.cutting(9, 100_000)
	f.mustFetch(t)
	var want []string
	for i := range 10 {
		if i == 0 {
			want = append(want, "")
		} else {
			want = append(want, fmt.Sprintf("bytes=%d-", i*100_000))
		}
	}
	if diff := cmp.Diff(want, f.ranges()); diff != "" {
		t.Error(diff)
	}
}

// A fetch that was given up is resumed by the next program.
func TestCutAndLaterResumed(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Retries = -1 })
	f.cutting(1, 300_000)
	_, err := f.fetch(t)
	mustContain(t, err, "model.safetensors", "unexpected EOF")
	if got := read(t, f.blob+".incomplete"); !bytes.Equal(got, f.weights[:300_000]) {
		t.Fatalf("the part has %d bytes that are not the file's first 300000", len(got))
	}
	if isFile(f.blob) {
		t.Fatal("an incomplete file under its final name")
	}
	f.c = newClient(t, f.o)
	f.mustFetch(t)
	if diff := cmp.Diff([]string{"", "bytes=300000-"}, f.ranges()); diff != "" {
		t.Error(diff)
	}
}

// A server that cannot resume starts over, and one that always cuts is given up.
func TestCutWithoutRanges(t *testing.T) {
	f := newFixture(t)
	f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		r.Header.Del("Range")
		return n <= 2 && f.CutAfter(w, r, f.weights, 200_000)
	}
	f.mustFetch(t)

	f = newFixture(t, func(o *Options) { o.Retries = 3 })
	f.CDNFault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		r.Header.Del("Range")
		return f.CutAfter(w, r, f.weights, 200_000)
	}
	_, err := f.fetch(t)
	mustContain(t, err, "model.safetensors", "gave up after 4 tries")
}

// A part of another file, a part that is too long, a server that sends other
// bytes than were asked for.
func TestBadParts(t *testing.T) {
	for name, part := range map[string][]byte{
		"other content": noise(500_000, 9),
		"too long":      noise(2<<20, 9),
		"whole":         bert()["model.safetensors"],
		"wrong whole":   noise(1<<20, 9),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			write(t, f.blob+".incomplete", part)
			f.mustFetch(t)
			if name == "whole" && len(f.ranges()) != 0 {
				t.Error("a whole part was fetched again")
			}
		})
	}
	t.Run("other range", func(t *testing.T) {
		f := newFixture(t)
		write(t, f.blob+".incomplete", f.weights[:1000])
		f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
			return true
		}
		f.mustFetch(t)
	})
}

func TestStall(t *testing.T) {
	limit := func(o *Options) { o.StallTimeout, o.Retries = 500*time.Millisecond, 1 }
	t.Run("body", func(t *testing.T) {
		f := newFixture(t, limit)
		f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(f.weights)))
			_, _ = w.Write(f.weights[:50_000])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return true
		}
		f.mustFetch(t)
		if diff := cmp.Diff([]string{"", "bytes=50000-"}, f.ranges()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("header", func(t *testing.T) {
		f := newFixture(t, limit)
		f.Fault = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			<-r.Context().Done()
			return true
		}
		_, err := f.fetch(t)
		mustContain(t, err, "stalled", "no byte for 500ms", "model.safetensors")
	})
}

// Slow is not stalled.
func TestSlow(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.StallTimeout, o.Retries = 1500*time.Millisecond, -1 })
	f.CDNFault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(f.weights)))
		for rest := f.weights; len(rest) > 0; rest = rest[min(len(rest), 100_000):] {
			_, _ = w.Write(rest[:min(len(rest), 100_000)])
			_ = http.NewResponseController(w).Flush()
			time.Sleep(200 * time.Millisecond)
		}
		return true
	}
	f.mustFetch(t)
}

func TestTooLong(t *testing.T) {
	f := newFixture(t)
	f.CDNFault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		_, _ = w.Write(append(bytes.Clone(f.weights), 0))
		return true
	}
	_, err := f.fetch(t)
	mustContain(t, err, "model.safetensors", "more than the 1048576 bytes")
}

func TestCancel(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.CDNFault = func(w http.ResponseWriter, r *http.Request, n int) bool {
		if n > 1 {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(f.weights)))
		_, _ = w.Write(f.weights[:400_000])
		_ = http.NewResponseController(w).Flush()
		for range 1000 { // until the bytes have arrived
			if info, err := os.Stat(f.blob + ".incomplete"); err == nil && info.Size() == 400_000 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := f.c.File(ctx, "org/name", "", "model.safetensors")
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
	if got := len(read(t, f.blob+".incomplete")); got != 400_000 {
		t.Errorf("the part has %d bytes, want 400000", got)
	}
	f.mustFetch(t)
}

func TestProgress(t *testing.T) {
	type call struct {
		file        string
		done, total int64
	}
	var calls []call
	f := newFixture(t, func(o *Options) {
		o.Progress = func(file string, done, total int64) { calls = append(calls, call{file, done, total}) }
	})
	f.cutting(1, 500_000)
	f.mustFetch(t)
	size := int64(len(f.weights))
	if len(calls) < 2 || calls[0] != (call{"model.safetensors", 0, size}) || calls[len(calls)-1] != (call{"model.safetensors", size, size}) {
		t.Errorf("calls %v", calls)
	}
	calls = nil
	f.mustFetch(t)
	if len(calls) != 0 {
		t.Errorf("calls %v for a cached file", calls)
	}
}
