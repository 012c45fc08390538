package hub

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
)

func TestNoSpace(t *testing.T) {
	f := newFixture(t)
	f.c.free = func(string) (uint64, bool) { return 1000, true }
	_, err := f.fetch(t)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
	mustContain(t, err, "model.safetensors", "1.0 MB more", "HF_HOME", filepath.Dir(f.blob))
	if f.Count(http.MethodGet, "model.safetensors") != 0 {
		t.Error("fetched nevertheless")
	}
}

// A disk that fills up meanwhile: what fits stays and the rest comes later.
func TestNoSpaceLater(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=600k"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	f := newFixture(t, func(o *Options) { o.CacheDir = filepath.Join(dir, "hub") })
	f.c.free = func(string) (uint64, bool) { return 0, false }
	_, err := f.fetch(t)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want ENOSPC", err)
	}
	mustContain(t, err, "model.safetensors", "free some")
	part := read(t, f.blob+".incomplete")
	if len(part) == 0 || !bytes.HasPrefix(f.weights, part) {
		t.Errorf("the part has %d bytes that are not the file's first", len(part))
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=9m"); err != nil {
		t.Fatal(err)
	}
	f.mustFetch(t)
	if got := f.ranges(); len(got) != 2 || got[1] != fmt.Sprintf("bytes=%d-", len(part)) {
		t.Errorf("ranges %q", got)
	}
}
