package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"my photos", "photos.zip"} {
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
	for _, c := range []struct {
		data string
		n    int
		want string
	}{
		{"my photos/", 1, "runs/my photos"},
		{"photos.zip", 1, "runs/photos.zip"}, // a folder of that name
		{"aclImdb.tar.gz", 1, "runs/aclImdb"},
		{"films.csv", 3, "runs/films-3"},
		{"nowhere", 2, "runs/nowhere-2"},
		{".", 1, filepath.Join("runs", filepath.Base(here))},
		{"/", 1, "runs/run"},
	} {
		if got := runFolder(c.data, c.n); got != c.want {
			t.Errorf("runFolder(%q, %d) = %q, want %q", c.data, c.n, got, c.want)
		}
	}
}

// Runs that are given no folder go where nobody trains and nothing is.
func TestRunsThatBeginTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"films", "runs/films-2/checkpoints"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("runs/films-3", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"runs/films", "runs/films-4", "runs/films-5"} {
		dir, lock, err := TrainOptions{Data: "films"}.lock()
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Release()
		if dir != want {
			t.Errorf("folder %s, want %s", dir, want)
		}
	}
	// One that was named is that or none.
	var use *UsageError
	if _, _, err := (TrainOptions{Out: "runs/films", Data: "films"}).lock(); !errors.As(err, &use) || !strings.Contains(err.Error(), "runs/films is in use") {
		t.Errorf("error %v", err)
	}
}
