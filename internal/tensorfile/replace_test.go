package tensorfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func content1(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }

func TestReplaceFileKeepsMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := replaceFile(path, content1); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	// What any program's file gets under this umask.
	other := filepath.Join(t.TempDir(), "g")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if want, _ := os.Stat(other); fresh.Mode() != want.Mode() {
		t.Errorf("a new file has mode %v, want %v", fresh.Mode(), want.Mode())
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, content1); err != nil {
		t.Fatal(err)
	}
	if fi, _ := os.Stat(path); fi.Mode() != 0o640 {
		t.Errorf("a replaced file has mode %v, want 0640", fi.Mode())
	}
}

func TestReplaceFileErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := replaceFile(path, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 3<<20)); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error %v, want boom", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the old file now holds %q", data)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files are left, want 1", len(files))
	}

	if err := replaceFile(dir+"/", content1); err == nil {
		t.Error("a folder was replaced")
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(dir, "d"), content1); err == nil {
		t.Error("a folder was replaced")
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%d files are left, want 2", len(files))
	}
}

func TestWriteNamesPath(t *testing.T) {
	x := []Tensor{{Name: "w", DType: U8, Shape: []int{1}, Data: []byte{1}}}
	path := filepath.Join(t.TempDir(), "absent", "model.safetensors")
	err := Write(path, x, nil)
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "write "+path+": no such file or directory" {
		t.Errorf("error %v", err)
	}
	if os.Geteuid() == 0 {
		t.Log("as root no folder is read-only")
		return
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "model.safetensors")
	if err := Write(path, x, nil); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), path+": ") {
		t.Errorf("error %v", err)
	}
}
