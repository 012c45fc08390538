package tensorfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIndex(t *testing.T) {
	f := open(t, "testdata/sharded_safetensors")
	if got := f.Metadata()["total_size"]; got == "" || strings.Trim(got, "0123456789") != "" {
		t.Errorf("metadata %v, want total_size as a number", f.Metadata())
	}
	if want := filepath.Join("testdata/sharded_safetensors", "model.safetensors.index.json"); f.Path() != want {
		t.Errorf("path %s, want %s", f.Path(), want)
	}
}

func TestIndexErrors(t *testing.T) {
	dir := t.TempDir()
	shard := safetensorsFile(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1)
	for name, data := range map[string][]byte{"a.safetensors": shard, "cut.safetensors": shard[:20]} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ index, want string }{
		{`{"weight_map": {}}`, "JSON without a weight_map"},
		{`{"weight_map": {"w": "absent.safetensors"}}`, "absent.safetensors: no such file"},
		{`{"weight_map": {"w": "cut.safetensors"}}`, "cut.safetensors: truncated"},
		{`{"weight_map": {"w": "a.safetensors", "v": "a.safetensors"}}`, `tensor "v" is not in shard a.safetensors`},
		{`{"weight_map": {"w": "../a.safetensors"}}`, `shard "../a.safetensors" is not a file beside`},
		{`{"weight_map": {"w": "/etc/passwd"}}`, `shard "/etc/passwd" is not a file beside`},
		{`{"weight_map": {"w": ""}}`, `shard "" is not a file beside`},
		{`{"weight_map": {"w": "model.safetensors.index.json"}}`, "a text file"}, // an index is no shard
	} {
		path := filepath.Join(dir, "model.safetensors.index.json")
		if err := os.WriteFile(path, []byte(c.index), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q and the path", c.index, err, c.want)
		}
	}
}

// TestIndexDecides takes from a shard what the index lists for it, and leaves a
// second copy of a tensor in another shard.
func TestIndexDecides(t *testing.T) {
	dir := t.TempDir()
	for name, header := range map[string]string{
		"a.safetensors": `{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"v":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`,
		"b.safetensors": `{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), safetensorsFile(header, 2), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "i.json")
	if err := os.WriteFile(path, []byte(`{"weight_map": {"v": "a.safetensors", "w": "b.safetensors"}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	if w, _ := f.Tensor("w"); w.Numel() != 2 || len(f.Names()) != 2 {
		t.Errorf("tensors %v, w of %d elements", f.Names(), w.Numel())
	}
}
