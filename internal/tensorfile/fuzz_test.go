package tensorfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The fuzz targets call the readers below the recover of Open: a panic is a
// find, not an error.

func FuzzSafetensors(f *testing.F) {
	seed(f, "*.safetensors", 16<<10)
	f.Add(safetensorsFile(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := parse(t, "x.safetensors", data, readSafetensors)
		if file == nil {
			return
		}
		// What is read can be written and reads the same again.
		p, err := planFile(file.tensors, nil)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := p.writeTo(&buf, func(i int) ([]byte, error) { return file.tensors[i].Data, nil }); err != nil {
			t.Fatal(err)
		}
		again, err := read("again.safetensors", buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sameTensors(t, again, file, "")
	})
}

func FuzzTorchZip(f *testing.F) {
	seed(f, "*.pth", 16<<10)
	seed(f, "*.npz", 16<<10)
	f.Fuzz(func(t *testing.T, data []byte) { parse(t, "x.pth", data, readZip) })
}

// FuzzLegacy fuzzes what follows the magic number, which the engine need not
// find.
func FuzzLegacy(f *testing.F) {
	for _, name := range []string{"legacy.pth", "checkpoint_legacy.pth"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[len(legacyMagic):])
	}
	f.Add(legacy(pDict(pStr("w"), pTensor(pStorage("FloatStorage", "0", 6), 0, []int{3, 2}, []int{1, 3})), 6)[len(legacyMagic):])
	f.Fuzz(func(t *testing.T, data []byte) {
		parse(t, "x.pth", append([]byte(legacyMagic), data...), readLegacyTorch)
	})
}

func FuzzH5(f *testing.F) {
	seed(f, "*.h5", 96<<10)
	f.Fuzz(func(t *testing.T, data []byte) { parse(t, "x.h5", data, readHDF5) })
}

func FuzzNPY(f *testing.F) {
	seed(f, "*.npy", 4<<10)
	f.Fuzz(func(t *testing.T, data []byte) {
		parse(t, "x.npy", data, func(data []byte) (content, error) { return readNPY("x.npy", data) })
	})
}

// seed adds the fixtures, good and bad, that match and are not longer than max.
func seed(f *testing.F, pattern string, max int) {
	f.Helper()
	for _, dir := range []string{"testdata", "testdata/bad"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) <= max {
				f.Add(data)
			}
		}
	}
}

// parse reads data and, if it is accepted, every byte of every tensor.
func parse(t *testing.T, path string, data []byte, reader func([]byte) (content, error)) *File {
	before := bytes.Clone(data)
	c, err := reader(data)
	if err != nil {
		// What a name in the file holds is repeated, "%!" too.
		if strings.Contains(err.Error(), "%!") && !bytes.Contains(data, []byte("%!")) {
			t.Errorf("malformed message: %v", err)
		}
		return nil
	}
	f, err := newFile(path, c)
	if err != nil {
		return nil
	}
	for x := range f.All() {
		sum := byte(0)
		for _, b := range x.Data {
			sum ^= b
		}
		if len(x.Data) != x.Numel()*x.DType.Size() {
			t.Errorf("tensor %q: %d bytes of %v %s, sum %d", x.Name, len(x.Data), x.Shape, x.DType, sum)
		}
	}
	if _, err := KerasVGG16ToTorch(f); err != nil && !strings.Contains(err.Error(), path) {
		t.Errorf("error without the path: %v", err)
	}
	if !bytes.Equal(before, data) {
		t.Error("reading changed the file's bytes")
	}
	return f
}
