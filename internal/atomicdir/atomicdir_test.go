package atomicdir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestReplace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run", "model")
	put := func(content string, fail error) error {
		return Replace(dir, func(tmp string) error {
			if err := os.WriteFile(filepath.Join(tmp, "f"), []byte(content), 0o644); err != nil {
				return err
			}
			return fail
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	if err := put("two", boom); !errors.Is(err, boom) {
		t.Fatalf("error %v, want boom", err)
	}
	check(t, dir, "one")
	if err := put("three", nil); err != nil {
		t.Fatal(err)
	}
	check(t, dir, "three")
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("left beside the folder: %v", left)
	}
}

func check(t *testing.T, dir, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("content %q, want %q", got, want)
	}
}

// What a killed process left is removed, except where it holds the only copy.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".step-000004-123", ".step-000003-77.old", ".metrics.jsonl815", "step-000004", ".hidden", "run-12"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "f"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{".hidden", "run-12", "step-000003", "step-000004"}; !slices.Equal(names, want) {
		t.Errorf("left %v, want %v", names, want)
	}
	check(t, filepath.Join(dir, "step-000003"), ".step-000003-77.old")
	if err := Clean(filepath.Join(dir, "absent")); err != nil {
		t.Error(err)
	}
}
