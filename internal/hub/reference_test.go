package hub

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "weights.safetensors", nil)
	write(t, "run/config.json", nil)
	write(t, "vgg16/ants/1.jpg", nil)
	write(t, "bert-base-uncased/config.json", nil)
	write(t, "google/bert/config.json", nil)
	c := newClient(t, Options{Endpoint: "https://mirror.example/hf"})

	for _, tt := range []struct {
		ref  string
		want reference // entry by name
	}{
		{"run", reference{path: "run"}},
		{"./run", reference{path: "./run"}},
		{"weights.safetensors", reference{path: "weights.safetensors"}},
		{"google/bert", reference{path: "google/bert"}},
		{"bert-base-uncased", reference{path: "bert-base-uncased"}},
		{"bert-base-cased", reference{entry: &Entry{Name: "bert-base-cased"}, revision: "main"}},
		{"bert-base-cased@v1", reference{entry: &Entry{Name: "bert-base-cased"}, revision: "v1"}},
		{"vgg16", reference{entry: &Entry{Name: "vgg16"}, revision: "main"}},
		{"./vgg16", reference{path: "./vgg16"}},
		{"google-bert/bert-base-uncased", reference{repo: "google-bert/bert-base-uncased", revision: "main"}},
		{"org/name@refs/pr/1", reference{repo: "org/name", revision: "refs/pr/1"}},
		{"timm/vgg16.tv_in1k", reference{repo: "timm/vgg16.tv_in1k", revision: "main"}},
		{"https://huggingface.co/org/name", reference{repo: "org/name", revision: "main"}},
		{"https://huggingface.co/org/name/tree/v2", reference{repo: "org/name", revision: "v2"}},
		{"https://hf.co/org/name/resolve/main/sub/model.bin?download=true", reference{repo: "org/name", revision: "main", file: "sub/model.bin"}},
		{"https://mirror.example/hf/org/name/blob/v2/vocab.txt", reference{repo: "org/name", revision: "v2", file: "vocab.txt"}},
		{"https://mirror.example/other/file.pth", reference{url: "https://mirror.example/other/file.pth"}},
		{"https://download.pytorch.org/models/vgg16-397923af.pth#x", reference{url: "https://download.pytorch.org/models/vgg16-397923af.pth"}},
	} {
		got, err := c.parse(tt.ref)
		if err != nil {
			t.Errorf("parse(%q): %v", tt.ref, err)
			continue
		}
		if (got.entry == nil) != (tt.want.entry == nil) || got.entry != nil && got.entry.Name != tt.want.entry.Name {
			t.Errorf("parse(%q): entry %v, want %v", tt.ref, got.entry, tt.want.entry)
		}
		got.entry, tt.want.entry = nil, nil
		if got != tt.want {
			t.Errorf("parse(%q) = %+v, want %+v", tt.ref, got, tt.want)
		}
	}
}

func TestParseWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	c := newClient(t, Options{})
	for _, tt := range []struct{ ref, says string }{
		{"", "empty"},
		{"bert-base", "did you mean bert-base-uncased"},
		{"vgg-16", "did you mean vgg16"},
		{"BERT-base-cased", "did you mean bert-base-cased"},
		{"no-such-model", "org/name"},
		{"./missing", "no such file or folder"},
		{"/missing/model", "no such file or folder"},
		{"a/b/c", "no such file or folder"},
		{"models/x.safetensors", "no such file or folder"},
		{`models\bert`, "no such file or folder"},
		{"~nobody/model", "no such file or folder"},
		{"org/..", "not a Hugging Face id"},
		{"org/a--b", "not a Hugging Face id"},
		{"org/name.git", "not a Hugging Face id"},
		{"org/näme", "not a Hugging Face id"},
		{"org/" + strings.Repeat("n", 97), "not a Hugging Face id"},
		{"org/name@", "not a revision"},
		{"org/name@../main", "not a revision"},
		{"org/name@a b", "not a revision"},
		{"vgg16@v2", "has no revisions"},
		{"ftp://example.org/x", "http and https"},
		{"https://", "http and https"},
		{"https://example.org/", "names no file"},
		{"https://user:secret@example.org/x.pth", "password"},
		{"https://huggingface.co/org/name/discussions", "not a model's page"},
		{"https://huggingface.co/datasets/org/name/resolve/main/x", "not a model's page"},
		{"https://huggingface.co/org/name/resolve/main/../../x", "not"},
	} {
		_, err := c.parse(tt.ref)
		if !errors.Is(err, ErrUsage) {
			t.Errorf("parse(%q): %v, want ErrUsage", tt.ref, err)
			continue
		}
		mustContain(t, err, tt.says)
		if strings.Contains(err.Error(), "secret@") && !strings.Contains(tt.ref, "secret") {
			t.Errorf("parse(%q) leaks: %v", tt.ref, err)
		}
	}
}

func TestParseHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	write(t, filepath.Join(home, "m", "config.json"), nil)
	got, err := newClient(t, Options{}).parse("~/m")
	if err != nil || got.path != filepath.Join(home, "m") {
		t.Errorf("parse(~/m) = %+v, %v", got, err)
	}
}

// Whatever a user types or an index file says, nothing is written outside the
// cache.
func FuzzContained(f *testing.F) {
	for _, s := range []string{"org/name@main", "../x", "a/b@refs/../..", "https://h/../../x", "https://h/%2e%2e/%2e%2e/x", "https://../x", "a/..@b", "https://h/a?b=../c"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, ref, file string) {
		c := newClient(t, Options{CacheDir: "/root/cache", FilesDir: "/root/files"})
		inside := func(root, name string) {
			t.Helper()
			if rel, err := filepath.Rel(root, name); err != nil || !filepath.IsLocal(rel) || rel == "." {
				t.Fatalf("%q, %q: %s is outside %s", ref, file, name, root)
			}
		}
		if p, err := c.plainPath(ref); err == nil {
			inside(c.o.FilesDir, p)
		}
		r, err := c.parse(ref)
		if err != nil || r.repo == "" {
			return
		}
		s, err := c.snapshot(r.repo, r.revision, nil)
		if err != nil {
			t.Fatal(err)
		}
		repo := filepath.Join(c.o.CacheDir, repoFolder(r.repo))
		inside(c.o.CacheDir, repo)
		inside(filepath.Join(repo, "refs"), s.path("refs", s.revision))
		if checkFile(file) == nil {
			s.commit = commitA
			inside(filepath.Join(repo, "snapshots", commitA), s.pointer(file))
		}
		if safeName(file) {
			inside(filepath.Join(repo, "blobs"), s.blob(file))
			inside(filepath.Join(c.o.CacheDir, ".locks", repoFolder(r.repo)), s.lock(file))
		}
	})
}

func TestExpandHome(t *testing.T) {
	for in, want := range map[string]string{"~": "/h", "~/a": "/h/a", "~user/a": "~user/a", "a~": "a~", "": ""} {
		if got := expandHome(in, "/h"); got != want {
			t.Errorf("expandHome(%q) = %q, want %q", in, got, want)
		}
	}
	if got := expandHome("~/a", ""); got != "~/a" {
		t.Errorf("without a home: %q", got)
	}
	if _, err := os.Stat("~"); err == nil {
		t.Error("a folder named ~ was made")
	}
}
