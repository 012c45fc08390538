package corpus

import (
	"archive/tar"
	"compress/gzip"
	"io"
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

	// Every 25th review, extracted: the same folder as published, for less time.
	root := filepath.Join(t.TempDir(), "data")
	extracted := extract(t, path, root, 25)
	folder := open(t, root, Options{})
	if folder.Len() != len(extracted) {
		t.Fatalf("folder: %d examples of %d", folder.Len(), len(extracted))
	}
	packed := map[string]int{}
	for i := range c.Len() {
		packed[c.ID(i)] = i
	}
	for _, e := range read(t, folder) {
		same, err := c.Example(packed[e.ID])
		check(t, err)
		if same != e || e.Text != extracted[e.ID] {
			t.Fatalf("%s: folder %+v, archive %+v", e.ID, e, same)
		}
	}
	train, val, err := c.Split(c.Indices("train"), 0.2, 42)
	check(t, err)
	if len(train) != 20000 || len(val) != 5000 {
		t.Errorf("split: %d and %d, want 20000 and 5000", len(train), len(val))
	}
}

// extract writes every nth text of the archive and returns what it wrote.
func extract(t *testing.T, path, root string, nth int) map[string]string {
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	zr, err := gzip.NewReader(f)
	check(t, err)
	out := map[string]string{}
	tr := tar.NewReader(zr)
	for k := 0; ; k++ {
		h, err := tr.Next()
		if err == io.EOF {
			return out
		}
		check(t, err)
		if k%nth != 0 || !strings.HasSuffix(h.Name, ".txt") {
			continue
		}
		text, err := io.ReadAll(tr)
		check(t, err)
		to := filepath.Join(root, filepath.FromSlash(h.Name))
		check(t, os.MkdirAll(filepath.Dir(to), 0o777))
		check(t, os.WriteFile(to, text, 0o666))
		out[strings.TrimPrefix(h.Name, "aclImdb/")] = string(text)
	}
}
