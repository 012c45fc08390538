package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/sharedtest"
)

// SST-2 row for row, against a reading as simple as can be.
func TestSST2(t *testing.T) {
	dir := sharedtest.Dir(t, "data", "sst2")
	for name, want := range map[string]int{"train.tsv": 67349, "dev.tsv": 872, "test.tsv": 1821} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:]
		c := open(t, filepath.Join(dir, name), Options{})
		if c.Len() != want || len(lines) != want {
			t.Fatalf("%s: %d rows, want %d", name, c.Len(), want)
		}
		for i, e := range read(t, c) {
			if got := c.Classes()[e.Label] + "\t" + e.Text; got != strings.TrimSuffix(lines[i], "\r") {
				t.Fatalf("%s: %q, want %q", e.ID, got, lines[i])
			}
		}
	}
	c := open(t, dir, Options{})
	if diff := cmp.Diff([]string{"train", "val", "test"}, c.Splits()); diff != "" || c.Len() != 67349+872+1821 {
		t.Errorf("folder: %d examples, splits (-want +got):\n%s", c.Len(), diff)
	}
}

func TestAclImdb(t *testing.T) {
	path := sharedtest.Dir(t, "data", "aclImdb_labelled.tar.gz")
	c := open(t, path, Options{})
	counts := map[string]int{}
	for i := range c.Len() {
		counts[filepath.Dir(c.ID(i))+" "+c.Classes()[c.Label(i)]]++
	}
	want := map[string]int{"train/neg neg": 12500, "train/pos pos": 12500, "test/neg neg": 12500, "test/pos pos": 12500}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// Of the folder that GNU tar extracts, read as a folder.
	print, err := c.Fingerprint(t.Context())
	check(t, err)
	if want := "f2bd2340d1a0601c4061f7d6892f9257e459278654216986ba972a6b7c09e245"; print != want {
		t.Errorf("fingerprint %s, want %s", print, want)
	}
	train := 0
	for i := range c.Len() {
		if c.InSplit(i, "train") {
			train++
		}
	}
	if train != 25000 {
		t.Errorf("train: %d texts, want 25000", train)
	}

	// A folder of every 50th review.
	some := files{}
	for i := 0; i < c.Len(); i += 50 {
		e, err := c.Example(i)
		check(t, err)
		some["aclImdb/"+e.ID] = e.Text
	}
	folder := open(t, some.write(t), Options{})
	if folder.Len() != len(some) {
		t.Fatalf("folder: %d examples, want %d", folder.Len(), len(some))
	}
	for _, e := range read(t, folder) {
		if e.Text != some["aclImdb/"+e.ID] || filepath.Base(filepath.Dir(e.ID)) != folder.Classes()[e.Label] {
			t.Fatalf("%+v, want text %q", e, some["aclImdb/"+e.ID])
		}
	}
}
