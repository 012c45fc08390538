package tensorfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefused opens real files of PyTorch, h5py and NumPy that hold something
// else than plain little-endian tensors. Each error says what.
func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"bigendian.h5":       `dataset "w": big-endian`,
		"bigendian.npy":      `dtype ">f4" is not little endian`,
		"command.pth":        "posix.system is none of the functions",
		"command_legacy.pth": "posix.system is none of the functions",
		"complex.pth":        "torch.ComplexFloatStorage is none",
		"cycle.h5":           "a/b/c: the group contains itself",
		"dense.h5":           "group /: dense link storage",
		"float8.safetensors": `tensor "w": dtype "F8_E4M3"`,
		"list.pth":           "the checkpoint is a list",
		"lzf.h5":             `dataset "w": filters: filter 32000`,
		"module.pth":         "torch.nn.modules.container.Sequential is none",
		"negative_view.pth":  "a lazily evaluated view (neg)",
		"objects.npy":        `dtype "|O"`,
		"plain.pkl":          "a Python pickle without PyTorch's signature",
		"script.pt":          "a TorchScript archive",
		"sparse.pth":         "torch._utils._rebuild_sparse_tensor is none",
		"tensor.pth":         "the checkpoint is a single tensor",
	} {
		path := filepath.Join("testdata/bad", name)
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q and the path", name, err, want)
		}
	}
	entries, err := os.ReadDir("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 17 {
		t.Errorf("%d files in testdata/bad, 17 are tested", len(entries))
	}
}

// TestTruncated cuts every fixture at every length: no part of a file may pass
// for the whole.
func TestTruncated(t *testing.T) {
	for _, name := range []string{
		"zip.pth", "zip_deflated.pth", "legacy.pth", "checkpoint.pth", "checkpoint_legacy.pth",
		"expected.safetensors", "types.h5", "types_v2.h5", "chunked.h5", "keras3_top.weights.h5",
		"arrays.npz", "fortran.npy",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			step := 1 + len(data)/4000
			for n := 1; n < len(data); n += step {
				if _, err := read(name, data[:n:n]); err == nil {
					t.Fatalf("%d of %d bytes: no error", n, len(data))
				}
			}
			if _, err := read(name, data[:len(data)-1]); err == nil {
				t.Error("all but one byte: no error")
			}
			if _, err := read(name, data); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOpenOther(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, content, want string }{
		{"a.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"},
		{"model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"},
		{"b.pth", "\n<!DOCTYPE html><html></html>", "an HTML page"},
		{"c.pth", "\x1f\x8b\x08\x00\x00", "gzip-compressed"},
		{"d.txt", "hello", "a text file"},
		{"e.pth", "\x00\x01\x02", "an unknown or damaged format"},
		{"f.tar", strings.Repeat("\x00", 257) + "ustar\x00", "a tar archive"},
		{"g.json", `{"a": 1}`, "JSON without a weight_map"},
		{"h.json", `{"a": `, "unexpected end of JSON"},
		{"i.zip", "PK\x05\x06" + strings.Repeat("\x00", 18), "a zip archive without PyTorch's"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q and the path", c.name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(dir, "absent")); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
	if _, err := Open("/dev/null"); err == nil || !strings.Contains(err.Error(), "/dev/null: not a regular file") {
		t.Errorf("device: %v", err)
	}
}

func TestOpenDir(t *testing.T) {
	dir := t.TempDir()
	_, err := OpenDir(dir)
	if err == nil {
		t.Fatal("no error for an empty folder")
	}
	for _, name := range append(modelFiles[:], dir) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
	if _, err := OpenDir(filepath.Join(dir, "absent")); !os.IsNotExist(err) {
		t.Errorf("absent folder: %v", err)
	}

	// Each name wins over those after it.
	for i := len(modelFiles) - 1; i >= 0; i-- {
		path := filepath.Join(dir, modelFiles[i])
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDir(dir); err == nil || !strings.Contains(err.Error(), path+":") {
			t.Errorf("error %v, want one about %s", err, path)
		}
	}

	// A link into a cache that lost its file is an error, not the next name.
	broken := t.TempDir()
	if err := os.Symlink("absent", filepath.Join(broken, modelFiles[0])); err != nil {
		t.Skip(err)
	}
	if _, err := OpenDir(broken); !os.IsNotExist(err) {
		t.Errorf("dangling link: %v", err)
	}
}

func TestClose(t *testing.T) {
	f, err := Open("testdata/sharded_safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := f.Tensor("f32"); !ok {
		t.Error("no tensor f32")
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, ok := f.Tensor("f32"); ok || len(f.Names()) != 0 {
		t.Error("a closed file still hands out tensors")
	}
}
