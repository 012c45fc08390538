package hub

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
)

func TestManifest(t *testing.T) {
	entries, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	sum := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := make(map[string]bool)
	for _, e := range entries {
		if seen[e.Name] {
			t.Errorf("%s: there twice", e.Name)
		}
		seen[e.Name] = true
		if strings.Contains(e.Name, "/") || strings.ToLower(e.Name) != e.Name || checkRepo("x/"+e.Name) != nil {
			t.Errorf("%s: a name is lower case and no id", e.Name)
		}
		if e.Kind != Text && e.Kind != Vision {
			t.Errorf("%s: kind %q", e.Name, e.Kind)
		}
		if e.Architecture == "" || e.Summary == "" || e.Licence == "" || !strings.HasPrefix(e.Source, "https://") || len(e.Files) == 0 {
			t.Errorf("%s: architecture, summary, licence, source or files are missing", e.Name)
		}
		if e.Repo != "" {
			if err := checkRepo(e.Repo); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
		if e.Instead != "" && Lookup(e.Instead) == nil {
			t.Errorf("%s: no entry %q", e.Name, e.Instead)
		}
		plain := 0
		for _, f := range e.Files {
			if f.URL != "" {
				plain++
				if len(f.digests()) == 0 {
					t.Errorf("%s: %s comes from a plain address and has no sum", e.Name, f.Path)
				}
			}
			if f.SHA256 != "" && !sum.MatchString(f.SHA256) {
				t.Errorf("%s: %s: SHA-256 %q", e.Name, f.Path, f.SHA256)
			}
			// torchvision's names carry the beginning of the sum.
			if stem, ok := strings.CutSuffix(f.Path, ".pth"); ok {
				prefix := stem[strings.LastIndexByte(stem, '-')+1:]
				if got := f.SHA256Prefix + f.SHA256; !strings.HasPrefix(got, prefix) || len(prefix) != 8 {
					t.Errorf("%s: %s: sum %s", e.Name, f.Path, got)
				}
			}
		}
		if ways := count(e.Bundled, e.Repo != "", plain == 1 && len(e.Files) == 1); ways != 1 {
			t.Errorf("%s: %d ways to have it, want one", e.Name, ways)
		}
	}
	for _, name := range []string{
		"minilm-l6-h384-uncased", "resnet50-imagenet", "bert-base-uncased", "vgg16", "vgg19_bn", "resnet152", "vgg16-keras-notop",
	} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

func TestManifestFaults(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":  `{"models":[{"name":"x","license":"MIT"}]}`,
		"outside path": `{"models":[{"name":"x","files":[{"path":"../x"}]}]}`,
		"rooted path":  `{"models":[{"name":"x","files":[{"path":"/etc/passwd"}]}]}`,
		"empty path":   `{"models":[{"name":"x","files":[{"url":"https://example.org/x"}]}]}`,
		"no JSON":      `models:`,
	} {
		if _, err := parseManifest([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The weights folder shows the manifest too; a checkout without links would
// show something else.
func TestManifestLink(t *testing.T) {
	got := read(t, filepath.Join(weightsFolder(t), "manifest.json"))
	if !bytes.Equal(got, manifestJSON) {
		t.Error("weights/manifest.json is not internal/hub/manifest.json")
	}
}

// Every bundled file is what the manifest says, and nothing large lies beside
// them unsaid.
func TestBundled(t *testing.T) {
	root := weightsFolder(t)
	entries, err := Manifest()
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, e := range entries {
		if !e.Bundled {
			continue
		}
		dir := filepath.Join(root, e.Name)
		if err := e.Verify(dir); err != nil {
			t.Error(err)
		}
		for _, f := range e.Files {
			known[filepath.Join(dir, f.Path)] = true
		}
		for _, doc := range []string{"README.md", "LICENSE"} {
			if !isFile(filepath.Join(dir, doc)) {
				t.Errorf("%s has no %s", e.Name, doc)
			}
		}
	}
	var total int64
	err = filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		if info.Size() > 3e6 && !known[name] {
			t.Errorf("%s has %d bytes and is not in the manifest", name, info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 106e6 {
		t.Errorf("the weights folder has %d bytes: clones get slow", total)
	}
}

func weightsFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(sharedtest.Root(t), "weights")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the weights are a module of their own and not here: %v", err)
	}
	return dir
}

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	e := Entry{Name: "x", Files: []EntryFile{{
		Path: "a.bin", Size: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	}}}
	mustContain(t, e.Verify(dir), "a.bin")
	write(t, filepath.Join(dir, "a.bin"), []byte("abc"))
	if err := e.Verify(dir); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "a.bin"), []byte("abd"))
	mustContain(t, e.Verify(dir), "a.bin", "sha256", "want ba7816bf")
	write(t, filepath.Join(dir, "a.bin"), []byte("abcd"))
	mustContain(t, e.Verify(dir), "4 bytes, want 3")
}
