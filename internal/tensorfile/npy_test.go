package tensorfile

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestNPY(t *testing.T) {
	want := open(t, "testdata/arrays.safetensors")
	fortran, _ := want.Tensor("fortran")
	f := open(t, "testdata/fortran.npy")
	got, ok := f.Tensor("fortran")
	if !ok || got.DType != F32 || !slices.Equal(got.Shape, fortran.Shape) || !slices.Equal(got.Data, fortran.Data) {
		t.Errorf("tensors %v, shape %v, want %v and the same data", f.Names(), got.Shape, fortran.Shape)
	}
	if x, ok := open(t, "testdata/version2.npy").Tensor("version2"); !ok || !slices.Equal(x.Shape, []int{1, 11, 5}) {
		t.Errorf("version 2: shape %v", x.Shape)
	}
}

// npyFile builds a version 1 file of a header and n bytes of data.
func npyFile(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestNPYErrors(t *testing.T) {
	header := func(descr, order, shape string) string {
		return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{[]byte(npyMagic), "truncated"},
		{[]byte(npyMagic + "\x09\x00\x00\x00\x00\x00"), "version 9"},
		{[]byte(npyMagic + "\x02\x00\xff\xff\xff\xff"), "truncated: the header is 4294967295"},
		{npyFile("{}", 0), "descr is missing"},
		{npyFile(header("[('a', '<f4')]", "False", "(1,)"), 4), "descr is missing or no simple type"},
		{npyFile(header("'<c8'", "False", "(1,)"), 8), `dtype "<c8" is not supported`},
		{npyFile(header("'<U3'", "False", "(1,)"), 12), `dtype "<U3" is not supported`},
		{npyFile(header("'>f4'", "False", "(1,)"), 4), `dtype ">f4" is not little endian`},
		{npyFile("{'descr': '<f4', 'shape': (1,)}", 4), "fortran_order is missing"},
		{npyFile("{'descr': '<f4', 'fortran_order': False}", 4), "shape is missing"},
		{npyFile("{'descr': '<f4', 'fortran_order': False, 'shape':", 4), "shape is missing"},
		{npyFile(header("'<f4'", "False", "(1"), 4), "shape does not end"},
		{npyFile(header("'<f4'", "False", "(1, x)"), 4), "shape (1, x)"},
		{npyFile(header("'<f4'", "False", "(-1,)"), 4), "negative dimension"},
		{npyFile(header("'<f4'", "False", "(4611686018427387904, 4)"), 4), "overflows"},
		{npyFile(header("'<f4'", "False", "(99999999999999999999,)"), 4), "value out of range"},
		{npyFile(header("'<f4'", "False", "(2,)"), 7), "7 bytes of data, shape [2] of F32 needs 8"},
		{npyFile(header("'<f4'", "False", "(2,)"), 9), "9 bytes of data"},
	} {
		_, err := read("dir/a.npy", c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `tensor "a"`) {
			t.Errorf("error %v, want %q and the tensor", err, c.want)
		}
	}
	if f, err := read("a.npy", npyFile(header("'|b1'", "True", "()"), 1)); err != nil || f.tensors[0].DType != BOOL || len(f.tensors[0].Shape) != 0 {
		t.Errorf("a scalar bool: %v", err)
	}
}
