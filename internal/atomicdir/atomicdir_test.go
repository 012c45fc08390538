package atomicdir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gotune/gotune/internal/sharedtest"
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

// A file in the folder's place is somebody's: it stays.
func TestReplaceOfAFile(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "model")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := Replace(path, func(string) error { return nil })
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "mine" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if d := cmp.Diff([]string{"model"}, names(t, parent)); d != "" {
		t.Error(d)
	}
}

// Where the exchange may not be on disk, the old content is not removed.
func TestReplaceThatIsNotSynced(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "model")
	put := func(content string, sync func(string) error) error {
		return replace(dir, func(tmp string) error {
			return os.WriteFile(filepath.Join(tmp, "f"), []byte(content), 0o644)
		}, sync)
	}
	if err := put("one", SyncDir); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := put("two", func(string) error { return boom })
	if !errors.Is(err, boom) {
		t.Fatalf("error %v, want boom", err)
	}
	check(t, dir, "two")
	left := names(t, parent)
	if len(left) != 2 || !strings.Contains(err.Error(), filepath.Join(parent, left[0])) {
		t.Fatalf("left %q, error %v", left, err)
	}
	check(t, filepath.Join(parent, left[0]), "one")
}

// The kernel's own file systems cannot sync a folder, as some in user space.
func TestSyncDirWhereThereIsNone(t *testing.T) {
	if err := syncPath("/proc"); !errors.Is(err, unix.EINVAL) {
		t.Skipf("/proc: %v", err)
	}
	if err := SyncDir("/proc"); err != nil {
		t.Error(err)
	}
	if err := SyncDir(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("no error of a folder that is not there")
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// What a killed process left is removed, except where it holds the only copy, and
// nothing else is, whatever its name.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	folders := []string{".step-000004-123", ".step-000003-77.old", ".step-000004-5.old", "step-000004"}
	others := []string{".hidden", ".venv312", ".cache-12", ".step-7", "step-000004-12", ".step-000004"}
	for _, name := range slices.Concat(folders, others) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "f"), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".run.yaml815", ".nfs000000000012", ".step-000004-9", "notes1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ours := func(name string) bool {
		return slices.Contains([]string{"run.yaml", "step-000003", "step-000004"}, name)
	}
	if err := Clean(dir, ours); err != nil {
		t.Fatal(err)
	}
	want := append([]string{"step-000003", "step-000004", ".nfs000000000012", ".step-000004-9", "notes1"}, others...)
	slices.Sort(want)
	if d := cmp.Diff(want, names(t, dir)); d != "" {
		t.Error(d)
	}
	check(t, filepath.Join(dir, "step-000003"), ".step-000003-77.old")
	if err := Clean(filepath.Join(dir, "absent"), ours); err != nil {
		t.Error(err)
	}
}

// What cannot be removed keeps nobody from going on.
func TestCleanWithoutPermission(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".model-12")
	if err := errors.Join(os.MkdirAll(filepath.Join(left, "f"), 0o755), os.Chmod(left, 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(left, 0o755) })
	sharedtest.Unprivileged(t, filepath.Dir(dir))
	if err := Clean(dir, func(name string) bool { return name == "model" }); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Skipf("it could be removed: %v", err)
	}
}
