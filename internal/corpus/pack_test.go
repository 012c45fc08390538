package corpus

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files are a folder's, by slash-separated name. A name that ends in / is an
// empty folder.
type files map[string]string

func (f files) names() []string { return slices.Sorted(maps.Keys(f)) }

// write makes the folder and returns its path.
func (f files) write(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range f.names() {
		path := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o777))
			continue
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o777))
		check(t, os.WriteFile(path, []byte(f[name]), 0o666))
	}
	return root
}

// one writes a single file and returns its path.
func one(t testing.TB, name, content string) string {
	t.Helper()
	return filepath.Join(files{name: content}.write(t), name)
}

func (f files) tar(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	// Not in order: archives made by find are in the order of the disk.
	for _, name := range slices.Backward(f.names()) {
		h := &tar.Header{Name: "./" + name, Mode: 0o666, Size: int64(len(f[name]))}
		if strings.HasSuffix(name, "/") {
			h.Typeflag = tar.TypeDir
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write([]byte(f[name]))
		check(t, err)
	}
	check(t, w.Close())
	return b.String()
}

func (f files) zip(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, name := range slices.Backward(f.names()) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if i%2 == 0 {
			h.Method = zip.Store
		}
		m, err := w.CreateHeader(h)
		check(t, err)
		if !strings.HasSuffix(name, "/") {
			_, err = m.Write([]byte(f[name]))
			check(t, err)
		}
	}
	check(t, w.Close())
	return b.String()
}

func gz(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	check(t, err)
	_, err = w.Write([]byte(content))
	check(t, err)
	check(t, w.Close())
	return b.String()
}

// packings are all forms that a folder can come in.
func (f files) packings(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{
		"folder":  f.write(t),
		".tar":    one(t, "data.tar", f.tar(t)),
		".tar.gz": one(t, "data.tar.gz", gz(t, f.tar(t))),
		".tgz":    one(t, "DATA.TGZ", gz(t, f.tar(t))),
		".zip":    one(t, "data.zip", f.zip(t)),
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens path and closes it with the test.
func open(t testing.TB, path string, o Options) *Corpus {
	t.Helper()
	c, err := Open(path, o)
	check(t, err)
	t.Cleanup(func() { check(t, c.Close()) })
	return c
}

// read returns all examples.
func read(t testing.TB, c *Corpus) []Example {
	t.Helper()
	var out []Example
	for i := range c.Len() {
		e, err := c.Example(i)
		check(t, err)
		if e.ID != c.ID(i) || e.Label != c.Label(i) {
			t.Errorf("example %d is %s with label %d; ID and Label say %s and %d", i, e.ID, e.Label, c.ID(i), c.Label(i))
		}
		out = append(out, e)
	}
	return out
}
