package tensorfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestWriteLayout checks what the format asks for and Open does not: alignment,
// wide types first, the format in the metadata.
func TestWriteLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tensors := []Tensor{
		{Name: "mask", DType: BOOL, Shape: []int{3}, Data: []byte{1, 0, 1}},
		{Name: "half", DType: BF16, Shape: []int{1}, Data: []byte{1, 2}},
		{Name: "b", DType: F32, Shape: []int{}, Data: []byte{1, 2, 3, 4}},
		{Name: `a "<&> é`, DType: F32, Shape: []int{0, 2}, Data: nil},
		{Name: "ids", DType: I64, Shape: []int{1}, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
	}
	if err := Write(path, tensors, map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(data)
	if n%8 != 0 {
		t.Errorf("header of %d bytes: data is not aligned", n)
	}
	want := `{"__metadata__":{"format":"pt","k":"v"},` +
		`"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},` +
		`"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},` +
		`"a \"<&> é":{"dtype":"F32","shape":[0,2],"data_offsets":[12,12]},` +
		`"half":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},` +
		`"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[14,17]}}`
	if got := strings.TrimRight(string(data[8:8+n]), " "); got != want {
		t.Errorf("header\n%s\nwant\n%s", got, want)
	}
	if got := data[8+n:]; !bytes.Equal(got, []byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 1, 2, 1, 0, 1}) {
		t.Errorf("data % x", got)
	}
	if err := Write(path, tensors[:1], map[string]string{"format": "np"}); err != nil {
		t.Fatal(err)
	}
	if f := open(t, path); f.Metadata()["format"] != "np" {
		t.Errorf("metadata %v, want the format given", f.Metadata())
	}
}

func TestWriteRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 1, 12, rapid.ID).Draw(t, "names")
		var tensors []Tensor
		for _, name := range names {
			if name == metadataKey {
				continue
			}
			x := Tensor{Name: name}
			x.DType = rapid.SampledFrom([]DType{F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL}).Draw(t, "dtype")
			x.Shape = rapid.SliceOfN(rapid.IntRange(0, 5), 0, 3).Draw(t, "shape")
			n := x.Numel() * x.DType.Size()
			x.Data = rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data")
			tensors = append(tensors, x)
		}
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")
		metadata["format"] = "pt"
		path := filepath.Join(dir, "model.safetensors")
		if err := Write(path, tensors, metadata); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, want := range tensors {
			got, ok := f.Tensor(want.Name)
			if !ok {
				t.Fatalf("tensor %q is gone", want.Name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-written +read)\n%s", diff)
			}
		}
		if len(f.Names()) != len(tensors) {
			t.Fatalf("%d tensors, wrote %d", len(f.Names()), len(tensors))
		}
		if diff := cmp.Diff(metadata, f.Metadata()); diff != "" {
			t.Fatalf("metadata (-written +read)\n%s", diff)
		}
	})
}

// TestWriteOverOpen replaces a file whose tensors are being written from its own
// mapping.
func TestWriteOverOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	x := Tensor{Name: "w", DType: U8, Shape: []int{4}, Data: []byte{1, 2, 3, 4}}
	if err := Write(path, []Tensor{x}, nil); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	w, _ := f.Tensor("w")
	v := w
	v.Name = "v"
	if err := Write(path, []Tensor{v, w}, nil); err != nil {
		t.Fatal(err)
	}
	g := open(t, path)
	if v, _ := g.Tensor("v"); !bytes.Equal(v.Data, x.Data) || !bytes.Equal(w.Data, x.Data) {
		t.Errorf("data %v and %v, want %v", v.Data, w.Data, x.Data)
	}
}

func TestWriteErrors(t *testing.T) {
	x := Tensor{Name: "w", DType: U8, Shape: []int{1}, Data: []byte{1}}
	named := func(name string) Tensor { y := x; y.Name = name; return y }
	for _, c := range []struct {
		tensors []Tensor
		want    string
	}{
		{nil, "no tensors to write"},
		{[]Tensor{x, x}, `tensor "w": the name is there twice`},
		{[]Tensor{named("__metadata__")}, `tensor "__metadata__": the name is reserved`},
		{[]Tensor{named("\xff")}, `the name is not UTF-8`},
		{[]Tensor{{Name: "w", DType: U8, Shape: []int{2}, Data: []byte{1}}}, `tensor "w": 1 bytes of data`},
		{[]Tensor{{Name: "w", DType: "F4", Shape: []int{2}}}, `tensor "w": dtype "F4"`},
	} {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		err := Write(path, c.tensors, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %q and the path", err, c.want)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("after %q a file is there", c.want)
		}
	}
}

func TestWriteFunc(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tensors := []Tensor{{Name: "a", DType: U8, Shape: []int{2}}, {Name: "b", DType: F16, Shape: []int{1}}}
	buf := make([]byte, 2)
	var calls []int
	err := WriteFunc(path, tensors, nil, func(i int) ([]byte, error) {
		calls = append(calls, i)
		buf[0], buf[1] = byte(i), byte(i+10) // the same buffer each time
		return buf, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 0}, calls); diff != "" {
		t.Errorf("calls (-want +got)\n%s", diff)
	}
	f := open(t, path)
	for i, name := range []string{"a", "b"} {
		if x, _ := f.Tensor(name); !bytes.Equal(x.Data, []byte{byte(i), byte(i + 10)}) {
			t.Errorf("tensor %s: % x", name, x.Data)
		}
	}

	// A source that fails or is short leaves the old file.
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gone := errors.New("the device is gone")
	err = WriteFunc(path, tensors, nil, func(i int) ([]byte, error) { return nil, gone })
	if !errors.Is(err, gone) || !strings.Contains(err.Error(), `tensor "b"`) {
		t.Errorf("error %v", err)
	}
	err = WriteFunc(path, tensors, nil, func(i int) ([]byte, error) { return buf[:1], nil })
	if err == nil || !strings.Contains(err.Error(), `tensor "b": 1 bytes of data`) {
		t.Errorf("error %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the old file changed, error %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files in the folder, want 1", len(files))
	}
}

// TestWriteHeaderIsJSON guards the hand-made joints of the header.
func TestWriteHeaderIsJSON(t *testing.T) {
	p, err := planFile([]Tensor{{Name: "\n", DType: U8, Shape: []int{}}}, map[string]string{"\n": "\n"})
	if err != nil {
		t.Fatal(err)
	}
	var h map[string]any
	if err := json.Unmarshal(p.header, &h); err != nil || len(h) != 2 {
		t.Errorf("header %s: %v", p.header, err)
	}
}
