package vision

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotune/gotune/internal/pixels"
	"github.com/gotune/gotune/pkg/torch"
)

// A cache that cannot make a file still reads those that are whole.
func TestFeatureCacheReadsAfterAFault(t *testing.T) {
	s := Runtime.Scope(torch.Mode{})
	defer s.Close()
	dir, like := t.TempDir(), s.Zeros(torch.Float32, 1, 2, 2, 3)
	cache := func() *FeatureCache {
		c, err := OpenFeatureCache(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	whole, other, third := &keptFeatures{source: "whole", of: 4}, &keptFeatures{source: "other", of: 4}, &keptFeatures{source: "third", of: 4}
	if cache().open(whole, like) == nil {
		t.Fatal("no file is made")
	}

	c := cache()
	if err := os.Mkdir(filepath.Join(dir, c.name("other")), 0o755); err != nil {
		t.Fatal(err)
	}
	if c.open(other, like) != nil || c.Err() == nil {
		t.Fatalf("a file is made where a folder is, error %v", c.Err())
	}
	if c.open(third, like) != nil {
		t.Error("another is made after the fault")
	}
	for _, like := range []*torch.Tensor{nil, like} {
		if c.open(whole, like) == nil {
			t.Error("the whole file is not read")
		}
	}
}

// Where the limit is too small, nothing is removed for it, and it is told. What was
// frozen earlier in the run makes room, and so do idle files of other runs, the
// longest unused first.
func TestFeatureCacheRoom(t *testing.T) {
	s := Runtime.Scope(torch.Mode{})
	defer s.Close()
	dir, like := t.TempDir(), s.Zeros(torch.Float32, 1, 2, 2, 3)
	const size = 24 + 4*4 + 4*48 // of a file of 4 slots
	c, err := OpenFeatureCache(dir, 3*size)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	age := 0
	idle := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		age++
		at := time.Unix(int64(age), 0)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	there := func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}
	foreign := idle("notes.features")
	first := idle(strings.Repeat("1", 32) + featureSuffix)
	second := idle(strings.Repeat("2", 32) + featureSuffix)

	c.is("all frozen")
	if c.open(&keptFeatures{source: "huge", of: 1000}, like) != nil {
		t.Error("a file beyond the limit")
	}
	full, ok := errors.AsType[*NoRoomError](c.Err())
	if want := (NoRoomError{Need: 24 + 52*1000, Limit: 3 * size}); !ok || *full != want {
		t.Errorf("error %v, want %v", c.Err(), want)
	}
	if c.open(&keptFeatures{source: "a", of: 4}, like) == nil || !there(first) || !there(second) {
		t.Error("a file that fits is not made, or another has gone for it")
	}
	if c.open(&keptFeatures{source: "b", of: 4}, like) == nil || there(first) || !there(second) {
		t.Error("not the longest unused has gone")
	}
	if c.open(&keptFeatures{source: "c", of: 12}, like) != nil || !there(second) {
		t.Error("a file that does not fit beside those in use, or another has gone in vain")
	}
	now := time.Now().Add(time.Hour)
	if err := os.Chtimes(second, now, now); err != nil {
		t.Fatal(err)
	}
	c.is("less frozen")
	if c.open(&keptFeatures{source: "a", of: 4}, like) == nil || c.open(&keptFeatures{source: "b", of: 4}, like) == nil || !there(second) {
		t.Error("what was frozen earlier makes no room")
	}
	if !there(foreign) {
		t.Error("a file that is not the cache's has gone")
	}
}

// Features are looked for by what decodes, draws and computes them, too.
func TestFeatureKeysHaveVersions(t *testing.T) {
	d := &Dataset{}
	if want := fmt.Sprintf("decoder %d, drawing %d, ", pixels.DecoderVersion, pixels.DrawVersion); !strings.HasPrefix(d.recipe(), want) {
		t.Errorf("pictures %q, want %q in front", d.recipe(), want)
	}
	s := Runtime.Scope(torch.Mode{})
	defer s.Close()
	got, want := (&Model{}).network(s, "weights", 1), fmt.Sprintf(", kernels %d", kernelVersion)
	if !strings.HasSuffix(got, want) {
		t.Errorf("network %q, want %q at its end", got, want)
	}
}

// What decides the pixels does not depend on the zone that times are told in.
func TestDescribeInAnyZone(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, class, "0.png"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDataset(dir, DataOptions{Input: Input{Size: 8}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	zone := time.Local
	defer func() { time.Local = zone }()
	want := d.describe()
	time.Local = time.FixedZone("east", 5*3600)
	if d.describe() != want {
		t.Error("another zone gives another hash")
	}
	now := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a", "0.png"), now, now); err != nil {
		t.Fatal(err)
	}
	later, err := OpenDataset(dir, DataOptions{Input: Input{Size: 8}})
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if later.describe() == want {
		t.Error("a picture that was written again has the same hash")
	}
}
