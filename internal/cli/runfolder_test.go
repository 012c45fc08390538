package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRunFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"my photos", "photos.zip", "runs/films", "runs/films-2"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"films.csv", "aclImdb.tar.gz"} {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ out, data, want string }{
		{"a/b", "films.csv", "a/b"},
		{"", "my photos/", "runs/my photos"},
		{"", "photos.zip", "runs/photos.zip"}, // a folder of that name
		{"", "aclImdb.tar.gz", "runs/aclImdb"},
		{"", "films.csv", "runs/films-3"},
		{"", "nowhere", "runs/nowhere"},
		{"", ".", filepath.Join("runs", filepath.Base(here))},
		{"", "/", "runs/run"},
	} {
		if got := RunFolder(c.out, c.data); got != c.want {
			t.Errorf("RunFolder(%q, %q) = %q, want %q", c.out, c.data, got, c.want)
		}
	}
}
