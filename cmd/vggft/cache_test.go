package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/vision"
)

// The size of a folder is not the memory's, where pictures go there instead.
func TestCacheSizeIsOfItsPlace(t *testing.T) {
	flags := func(cache string) cacheFlags { return cacheFlags{cacheFlag{cache}, "100GiB"} }
	for cache, want := range map[string]cacheFlags{
		cli.CacheAuto: {cacheFlag{cli.CacheMemory}, ""}, "pics": {cacheFlag{cli.CacheMemory}, ""},
		cli.CacheMemory: flags(cli.CacheMemory), cli.CacheOff: flags(cli.CacheOff),
	} {
		if got := flags(cache).inMemory(); got != want {
			t.Errorf("%s in memory: %+v, want %+v", cache, got, want)
		}
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", file)
	var o vision.DataOptions
	note, err := flags(cli.CacheAuto).apply(&o)
	if err != nil || note == "" || o.CacheDir != "" || o.CacheBytes != 0 {
		t.Errorf("a folder out of reach: %q, %v, %d bytes in %q", note, err, o.CacheBytes, o.CacheDir)
	}
	if _, err := flags(cli.CacheMemory).apply(&o); err != nil || o.CacheBytes != 100<<30 {
		t.Errorf("memory: %v, %d bytes", err, o.CacheBytes)
	}
}
