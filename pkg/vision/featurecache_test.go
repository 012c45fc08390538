package vision

import (
	"os"
	"path/filepath"
	"testing"
	"time"

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
