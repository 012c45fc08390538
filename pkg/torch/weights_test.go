package torch_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// mixed is a store of several types, in an order that is not the alphabet's.
func mixed(t *testing.T, rt *torch.Runtime, src torch.Source) *torch.Store {
	t.Helper()
	st := rt.NewStoreFrom(src)
	t.Cleanup(st.Close)
	param(t, st, "z.weight", torch.Normal(0, 1), 3, 2)
	if _, err := st.Buffer("b.half", torch.BFloat16, torch.Normal(0, 1), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Buffer("a.count", torch.Int64, torch.Constant(7)); err != nil {
		t.Fatal(err)
	}
	return st
}

func contents(t *testing.T, st *torch.Store) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, p := range st.All() {
		b, err := torch.CopyBytes(p.T)
		if err != nil {
			t.Fatal(err)
		}
		out[p.Name] = b
	}
	return out
}

func openWeights(t *testing.T, path string, rename func(string) string) *torch.WeightFile {
	t.Helper()
	f, err := tensorfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w, err := torch.NewWeightFile(f, rename)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWeightsSurviveAFile(t *testing.T) {
	rt := one(t)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	st := mixed(t, rt, nil)
	if err := st.WriteSafetensors(path, map[string]string{"made": "here"}); err != nil {
		t.Fatal(err)
	}
	want := contents(t, st)

	w := openWeights(t, path, nil)
	if diff := cmp.Diff(want, contents(t, mixed(t, rt, w.Source()))); diff != "" {
		t.Errorf("made from the file (-want +got):\n%s", diff)
	}
	other := mixed(t, rt, nil)
	if err := other.CopyFrom(openWeights(t, path, nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, contents(t, other)); diff != "" {
		t.Errorf("overwritten from the file (-want +got):\n%s", diff)
	}
	if u, m := w.Unused(), w.Missing(st); len(u)+len(m) != 0 {
		t.Errorf("unused %v, missing %v", u, m)
	}
	if shape, ok := w.Has("z.weight"); !ok || !slices.Equal(shape, []int{3, 2}) {
		t.Errorf("z.weight is %v, %v", shape, ok)
	}
}

// A file of other names and types than the model's, as pretrained ones are.
func TestWeightsOfAnotherModel(t *testing.T) {
	rt := one(t)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	ones := bytes.Repeat([]byte{0x80, 0x3f}, 6) // bfloat16
	if err := tensorfile.Write(path, []tensorfile.Tensor{
		{Name: "bert.weight", DType: tensorfile.BF16, Shape: []int{3, 2}, Data: ones},
		{Name: "bert.extra", DType: tensorfile.BF16, Shape: []int{6}, Data: ones},
		{Name: "bert.pooler", DType: tensorfile.BF16, Shape: []int{6}, Data: ones},
		{Name: "position_ids", DType: tensorfile.BF16, Shape: []int{6}, Data: ones},
	}, nil); err != nil {
		t.Fatal(err)
	}
	rename := func(name string) string {
		if name == "position_ids" {
			return ""
		}
		return strings.TrimPrefix(name, "bert.")
	}
	w := openWeights(t, path, rename)
	w.Forget("pooler")
	st := rt.NewStoreFrom(w.Source())
	defer st.Close()
	p := weight(t, st, "weight", zero, 3, 2)
	param(t, st, "pooler", zero, 4) // forgotten: drawn, whatever its shape
	got := make([]float32, 6)
	if err := torch.CopyOut(got, p); err != nil || !slices.Equal(got, []float32{1, 1, 1, 1, 1, 1}) || p.DType() != torch.Float32 {
		t.Errorf("the weight is %v of %v, %v", got, p, err)
	}
	if diff := cmp.Diff([]string{"extra"}, w.Unused()); diff != "" {
		t.Errorf("unused (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"pooler"}, w.Missing(st)); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if _, err := st.Param("extra", zero, 3, 2); err == nil || !strings.Contains(err.Error(), `"extra": shape [6], want [3,2]`) {
		t.Errorf("got %v, want the two shapes", err)
	}
	if st.Get("extra") != nil {
		t.Error("a parameter of the wrong shape was added")
	}
}

func TestWeightErrors(t *testing.T) {
	rt := one(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	u16 := tensorfile.Tensor{Name: "w", DType: tensorfile.U16, Shape: []int{2}, Data: make([]byte, 4)}
	f32 := tensorfile.Tensor{Name: "v", DType: tensorfile.F32, Shape: []int{1}, Data: make([]byte, 4)}
	if err := tensorfile.Write(path, []tensorfile.Tensor{f32}, nil); err != nil {
		t.Fatal(err)
	}
	st := store(t, rt)
	param(t, st, "w", torch.Constant(1), 2)
	for name, c := range map[string]struct {
		err  func() error
		want []string
	}{
		"two tensors of one name": {func() error {
			_, err := torch.NewWeights("f.npz", []tensorfile.Tensor{f32, f32})
			return err
		}, []string{"f.npz", `"v"`}},
		"type unknown": {func() error {
			w, err := torch.NewWeights("f", []tensorfile.Tensor{u16})
			if err != nil {
				return nil
			}
			from := rt.NewStoreFrom(w.Source())
			defer from.Close()
			_, err = from.Param("w", zero, 2)
			return err
		}, []string{`"w"`, "unknown element type"}},
		"missing":     {func() error { return st.CopyFrom(openWeights(t, path, nil)) }, []string{`"w"`, "missing"}},
		"other shape": {func() error { return st.CopyFrom(openWeights(t, path, func(string) string { return "w" })) }, []string{`"w"`, "[1]", "[2]"}},
		"no folder":   {func() error { return st.WriteSafetensors(filepath.Join(dir, "none", "m.safetensors"), nil) }, []string{"none"}},
		"closed store": {func() error {
			closed := rt.NewStore()
			param(t, closed, "w", zero, 2)
			closed.Close()
			return closed.WriteSafetensors(path, nil)
		}, []string{path, `"w"`, torch.ErrClosed.Error()}},
	} {
		err := c.err()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", name, err, want)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
