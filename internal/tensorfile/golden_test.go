package tensorfile

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// open opens a fixture and closes it with the test.
func open(t testing.TB, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// sameTensors checks that got holds want's tensors bit for bit and no others,
// with prefix before each name.
func sameTensors(t *testing.T, got, want *File, prefix string) {
	t.Helper()
	n := 0
	for g := range got.All() {
		name, ok := strings.CutPrefix(g.Name, prefix)
		if !ok {
			continue
		}
		n++
		w, ok := want.Tensor(name)
		if !ok {
			t.Errorf("%s: unexpected tensor %q", got.Path(), g.Name)
			continue
		}
		if g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) {
			t.Errorf("%s: tensor %q: %s %v, want %s %v", got.Path(), g.Name, g.DType, g.Shape, w.DType, w.Shape)
		}
		if !bytes.Equal(g.Data, w.Data) {
			t.Errorf("%s: tensor %q: data differs", got.Path(), g.Name)
		}
	}
	if n != len(want.Names()) {
		t.Errorf("%s: %d tensors under %q, want %d", got.Path(), n, prefix, len(want.Names()))
	}
}

// TestGoldens reads what PyTorch, h5py and NumPy wrote and compares with the
// same tensors as safetensors' own Python writer stored them.
func TestGoldens(t *testing.T) {
	for _, c := range []struct {
		path, want, prefix string
		format             Format
	}{
		{"zip.pth", "expected.safetensors", "", PyTorch},
		{"zip_protocol4.pth", "expected.safetensors", "", PyTorch},
		{"zip_deflated.pth", "expected.safetensors", "", PyTorch},
		{"legacy.pth", "expected.safetensors", "", PyTorch},
		{"sharded_safetensors", "expected.safetensors", "", Safetensors},
		{"sharded_safetensors/model.safetensors.index.json", "expected.safetensors", "", Safetensors},
		{"sharded_bin", "expected.safetensors", "", PyTorch},
		{"checkpoint.pth", "net.safetensors", "", PyTorch},
		{"checkpoint_legacy.pth", "net.safetensors", "", PyTorch},
		{"nested.pth", "net.safetensors", "encoder.", PyTorch},
		{"chunked.h5", "chunked.safetensors", "", HDF5},
		{"arrays.npz", "arrays.safetensors", "", NumPy},
		{"arrays_deflated.npz", "arrays.safetensors", "", NumPy},
	} {
		t.Run(c.path, func(t *testing.T) {
			got := open(t, filepath.Join("testdata", c.path))
			if got.Format() != c.format {
				t.Errorf("format %s, want %s", got.Format(), c.format)
			}
			sameTensors(t, got, open(t, filepath.Join("testdata", c.want)), c.prefix)
		})
	}
}
