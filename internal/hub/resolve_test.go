package hub

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/hubtest"
)

// tree lists the folder: a link as "name -> target", a file as "name = content"
// if it is short.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var got []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			got = append(got, rel+" -> "+target)
			return err
		}
		if info, err := d.Info(); err != nil {
			return err
		} else if info.Size() <= 40 {
			rel += " = " + string(read(t, name))
		}
		got = append(got, rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestResolveHub(t *testing.T) {
	h := newFakeHub(t)
	h.Add("org/name", commitA, bert())
	o := h.options(t)
	c := newClient(t, o)
	r, err := c.Resolve(t.Context(), "org/name", Text)
	if err != nil {
		t.Fatal(err)
	}
	repo := filepath.Join(o.CacheDir, "models--org--name")
	want := Resolved{
		Dir: filepath.Join(repo, "snapshots", commitA), Source: h.URL + "/org/name", Revision: commitA,
		Files: []string{"config.json", "tokenizer_config.json", "tokenizer.json", "vocab.txt", "model.safetensors"},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	for name, data := range bert() {
		if !bytes.Equal(read(t, filepath.Join(r.Dir, name)), data) {
			t.Errorf("%s differs", name)
		}
	}
	blob := func(name string) string {
		if hubtest.Large(name) {
			return sha(bert()[name])
		}
		return hubtest.GitBlob(bert()[name])
	}
	wantTree := []string{
		".no_exist/" + commitA + "/special_tokens_map.json = ",
		"refs/main = " + commitA,
	}
	for name := range bert() {
		entry := "blobs/" + blob(name)
		if !hubtest.Large(name) {
			entry += " = " + string(bert()[name])
		}
		wantTree = append(wantTree, entry, "snapshots/"+commitA+"/"+name+" -> ../../blobs/"+blob(name))
	}
	sorted := cmp.Transformer("sort", sortedStrings)
	if diff := cmp.Diff(wantTree, tree(t, repo), sorted); diff != "" {
		t.Error(diff)
	}
	if !isFile(filepath.Join(o.CacheDir, "CACHEDIR.TAG")) || !isFile(filepath.Join(o.CacheDir, ".locks/models--org--name", blob("model.safetensors")+".lock")) {
		t.Error("the cache's tag or lock is missing")
	}

	// The second time one question tells that nothing changed.
	before := h.Count("GET", "") + h.Count("HEAD", "")
	if again, err := c.Resolve(t.Context(), "org/name", Text); err != nil || !cmp.Equal(again, r) {
		t.Errorf("again: %+v, %v", again, err)
	}
	if n := h.Count("GET", "") + h.Count("HEAD", "") - before; n != 1 {
		t.Errorf("%d requests for what is cached, want 1", n)
	}
	// A commit cannot change.
	before = len(h.Log)
	if again, err := c.Resolve(t.Context(), "org/name@"+commitA, Text); err != nil || again.Dir != r.Dir {
		t.Errorf("by commit: %+v, %v", again, err)
	}
	if n := len(h.Log) - before; n != 0 {
		t.Errorf("%d requests for a commit that is cached, want none", n)
	}
}

// The branch moves: what did not change is linked, not fetched.
func TestResolveNewCommit(t *testing.T) {
	h := newFakeHub(t)
	h.Add("org/name", commitA, bert())
	c := newClient(t, h.options(t))
	if _, err := c.Resolve(t.Context(), "org/name", Text); err != nil {
		t.Fatal(err)
	}
	files := bert()
	files["config.json"] = []byte(`{"model_type":"bert","new":1}`)
	h.Add("org/name", commitB, files)
	gets := h.Count("GET", "model.safetensors")
	r, err := c.Resolve(t.Context(), "org/name", Text)
	if err != nil || r.Revision != commitB {
		t.Fatalf("%+v, %v", r, err)
	}
	if !bytes.Equal(read(t, filepath.Join(r.Dir, "config.json")), files["config.json"]) {
		t.Error("config.json is the old one")
	}
	if n := h.Count("GET", "model.safetensors"); n != gets {
		t.Error("the same weights were fetched again")
	}
}

func TestResolveWeights(t *testing.T) {
	index := []byte(`{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}`)
	for _, tt := range []struct {
		name  string
		files map[string][]byte
		want  []string
		err   string
	}{
		{"safetensors before bin", map[string][]byte{"model.safetensors": noise(99, 1), "pytorch_model.bin": noise(99, 2)}, []string{"model.safetensors"}, ""},
		{"bin", map[string][]byte{"pytorch_model.bin": noise(99, 2)}, []string{"pytorch_model.bin"}, ""},
		{"shards", map[string][]byte{
			"model.safetensors.index.json": index, "pytorch_model.bin": noise(9, 1),
			"model-00001-of-00002.safetensors": noise(99, 3), "model-00002-of-00002.safetensors": noise(99, 4),
		}, []string{"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}, ""},
		{"a shard is missing", map[string][]byte{"model.safetensors.index.json": index, "model-00001-of-00002.safetensors": noise(99, 3)}, nil, "has no file model-00002-of-00002.safetensors"},
		{"a shard leads out", map[string][]byte{"model.safetensors.index.json": []byte(`{"weight_map":{"a":"../../../x"}}`)}, nil, "not the name of a file"},
		{"an empty index", map[string][]byte{"model.safetensors.index.json": []byte(`{}`)}, nil, "names no file"},
		{"no weights", map[string][]byte{"tf_model.h5": noise(9, 1)}, nil, "has none of model.safetensors"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newFakeHub(t)
			tt.files["config.json"] = []byte("{}")
			h.Add("org/name", commitA, tt.files)
			r, err := newClient(t, h.options(t)).Resolve(t.Context(), "org/name", Vision)
			if tt.err != "" {
				mustContain(t, err, "org/name", tt.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]string{"config.json"}, tt.want...), r.Files); diff != "" {
				t.Error(diff)
			}
			for _, f := range r.Files {
				if !bytes.Equal(read(t, filepath.Join(r.Dir, f)), tt.files[f]) {
					t.Errorf("%s differs", f)
				}
			}
		})
	}
}

func TestResolveNoTokenizer(t *testing.T) {
	h := newFakeHub(t)
	files := bert()
	delete(files, "tokenizer.json")
	delete(files, "vocab.txt")
	h.Add("org/name", commitA, files)
	c := newClient(t, h.options(t))
	_, err := c.Resolve(t.Context(), "org/name", Text)
	mustContain(t, err, "tokenizer.json", "vocab.txt")
	if !errors.Is(err, ErrUsage) {
		t.Error("not ErrUsage")
	}
	if h.Count("GET", "model.safetensors") != 0 {
		t.Error("the weights of a repository that cannot be used were fetched")
	}
	if _, err := c.Resolve(t.Context(), "org/name", Any); err != nil {
		t.Errorf("for any kind: %v", err)
	}
}

func TestFile(t *testing.T) {
	h := newFakeHub(t)
	h.Add("org/name", commitA, map[string][]byte{"sub/vocab.txt": []byte("[PAD]")})
	o := h.options(t)
	c := newClient(t, o)
	for _, revision := range []string{"", "main", commitA, "refs/pr/1"} {
		got, err := c.File(t.Context(), "org/name", revision, "sub/vocab.txt")
		if err != nil {
			t.Fatalf("%s: %v", revision, err)
		}
		if want := filepath.Join(o.CacheDir, "models--org--name/snapshots", commitA, "sub/vocab.txt"); got != want {
			t.Errorf("%s: %s, want %s", revision, got, want)
		}
		if target, err := os.Readlink(got); err != nil || target != "../../../blobs/"+hubtest.GitBlob([]byte("[PAD]")) {
			t.Errorf("link to %s, %v", target, err)
		}
	}
	if got := string(read(t, filepath.Join(o.CacheDir, "models--org--name/refs/refs/pr/1"))); got != commitA {
		t.Errorf("refs/pr/1 = %q", got)
	}
	r, err := c.Resolve(t.Context(), h.URL+"/org/name/resolve/main/sub/vocab.txt", Any)
	if err != nil || string(read(t, r.Path())) != "[PAD]" || r.Revision != commitA {
		t.Errorf("by address: %+v, %v", r, err)
	}
	for _, bad := range [][3]string{{"org", "main", "../x"}, {"org/..", "main", "x"}, {"org/name", "a b", "x"}, {"org/name", "main", "/etc/passwd"}} {
		if _, err := c.File(t.Context(), bad[0], bad[1], bad[2]); !errors.Is(err, ErrUsage) {
			t.Errorf("File(%q): %v, want ErrUsage", bad, err)
		}
	}
}

func TestResolvePath(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m", "config.json"), nil)
	write(t, filepath.Join(dir, "w.pth"), nil)
	c := newClient(t, Options{})
	r, err := c.Resolve(t.Context(), filepath.Join(dir, "m"), Text)
	if want := (Resolved{Dir: filepath.Join(dir, "m"), Source: filepath.Join(dir, "m")}); err != nil || !cmp.Equal(r, want) {
		t.Errorf("folder: %+v, %v", r, err)
	}
	r, err = c.Resolve(t.Context(), filepath.Join(dir, "w.pth"), Vision)
	if want := (Resolved{File: filepath.Join(dir, "w.pth"), Source: filepath.Join(dir, "w.pth")}); err != nil || !cmp.Equal(r, want) || r.Path() != r.File {
		t.Errorf("file: %+v, %v", r, err)
	}
}
