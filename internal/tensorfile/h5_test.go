package tensorfile

import (
	"bytes"
	"path"
	"slices"
	"testing"
)

// TestHDF5Types reads every element type in both generations of the format, and
// behind a user block.
func TestHDF5Types(t *testing.T) {
	want := open(t, "testdata/types.safetensors")
	for _, name := range []string{"types.h5", "types_v2.h5", "types_userblock.h5"} {
		got := open(t, "testdata/"+name)
		if n := len(got.Names()); n != len(want.Names())+1 { // and the alias
			t.Errorf("%s: tensors %v", name, got.Names())
		}
		for g := range got.All() {
			base := path.Base(g.Name)
			if g.Name == "empty/alias" {
				base = "f4"
			}
			w, ok := want.Tensor(base)
			if !ok || g.DType != w.DType || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(g.Data, w.Data) {
				t.Errorf("%s: tensor %q: %s %v, want %s %v and the same data", name, g.Name, g.DType, g.Shape, w.DType, w.Shape)
			}
		}
	}
}
