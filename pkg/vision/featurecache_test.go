package vision

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

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
