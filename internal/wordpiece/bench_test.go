//go:build linux

package wordpiece

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotune/gotune/internal/sharedtest"
)

// reviews returns n IMDb reviews.
func reviews(b *testing.B, n int) (texts []string) {
	f, err := os.Open(sharedtest.Dir(b, "data", "aclImdb_labelled.tar.gz"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	for r := tar.NewReader(z); len(texts) < n; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".txt") || strings.Count(h.Name, "/") != 3 {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if len(texts) < n {
		b.Fatalf("%d reviews, want %d", len(texts), n)
	}
	return texts
}

func benchTokenizer(b *testing.B) *Tokenizer {
	tok, err := Open(sharedtest.Dir(b, "models", "bert-base-uncased-tokenizer"))
	if err != nil {
		b.Fatal(err)
	}
	return tok
}

// cpuTime returns the processor time this process has had, all threads together,
// the collector's too. On a machine that does other work as well it says more
// than the clock does.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(b *testing.B, tokens int, cpu time.Duration) {
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(float64(tokens)/cpu.Seconds(), "tokens/cpu-s")
}

// BenchmarkReviews tokenizes whole IMDb reviews on one core.
func BenchmarkReviews(b *testing.B) {
	texts := reviews(b, 5000)
	tok := benchTokenizer(b)
	e := tok.Encoder()
	b.Run("ids", func(b *testing.B) {
		b.ReportAllocs()
		var ids []int32
		tokens, i, start := 0, 0, cpuTime(b)
		for b.Loop() {
			ids = e.AppendIDs(ids[:0], texts[i%len(texts)], 0)
			tokens, i = tokens+len(ids), i+1
		}
		report(b, tokens, cpuTime(b)-start)
	})
	b.Run("ids512", func(b *testing.B) {
		b.ReportAllocs()
		var ids []int32
		tokens, i, start := 0, 0, cpuTime(b)
		for b.Loop() {
			ids = e.AppendIDs(ids[:0], texts[i%len(texts)], 512)
			tokens, i = tokens+len(ids), i+1
		}
		report(b, tokens, cpuTime(b)-start)
	})
	b.Run("offsets", func(b *testing.B) {
		b.ReportAllocs()
		tokens, i, start := 0, 0, cpuTime(b)
		for b.Loop() {
			enc := e.Encode(texts[i%len(texts)], EncodeOptions{})
			tokens, i = tokens+len(enc.IDs), i+1
		}
		report(b, tokens, cpuTime(b)-start)
	})
	// Every word is met for the first time.
	b.Run("cold", func(b *testing.B) {
		var ids []int32
		tokens, i, start := 0, 0, cpuTime(b)
		for b.Loop() {
			clear(e.cache)
			ids = e.AppendIDs(ids[:0], texts[i%len(texts)], 0)
			tokens, i = tokens+len(ids), i+1
		}
		report(b, tokens, cpuTime(b)-start)
	})
}

// BenchmarkOpen is what a program waits for before its first prediction.
func BenchmarkOpen(b *testing.B) {
	dir := sharedtest.Dir(b, "models", "bert-base-uncased-tokenizer")
	for b.Loop() {
		if _, err := Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}
