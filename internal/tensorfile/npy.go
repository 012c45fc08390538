package tensorfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY"

func isNPY(data []byte) bool { return bytes.HasPrefix(data, []byte(npyMagic)) }

// readNPY parses a .npy file, whose array is called as the file without its
// extension.
func readNPY(path string, data []byte) (content, error) {
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	t, err := parseNPY(name, data, newBudget(len(data)))
	if err != nil {
		return content{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	return content{format: NumPy, tensors: []Tensor{t}}, nil
}

// readNPZ parses an archive of .npy files, called as its members.
func readNPZ(z *zipFile) (content, error) {
	c := content{format: NumPy}
	for _, member := range z.names {
		name := strings.TrimSuffix(member, ".npy")
		data, err := z.open(member)
		if err != nil {
			return content{}, err
		}
		t, err := parseNPY(name, data, z.budget)
		if err != nil {
			return content{}, fmt.Errorf("tensor %q: %w", name, err)
		}
		c.tensors = append(c.tensors, t)
	}
	return c, nil
}

// npyType returns the element type of a NumPy kind and size. Two bytes of kind V
// are what NumPy makes of bfloat16.
func npyType(s string) (DType, bool) {
	switch s {
	case "f8":
		return F64, true
	case "f4":
		return F32, true
	case "f2":
		return F16, true
	case "V2":
		return BF16, true
	case "i8":
		return I64, true
	case "i4":
		return I32, true
	case "i2":
		return I16, true
	case "i1":
		return I8, true
	case "u8":
		return U64, true
	case "u4":
		return U32, true
	case "u2":
		return U16, true
	case "u1":
		return U8, true
	case "b1":
		return BOOL, true
	}
	return "", false
}

// parseNPY parses one array.
//
// Layout: magic, version, the header's length in 2 bytes (version 1) or 4, the
// header as a Python dict, the elements.
func parseNPY(name string, data []byte, b *budget) (Tensor, error) {
	t := Tensor{Name: name}
	if len(data) < 12 || !isNPY(data) {
		return t, errors.New("truncated or no .npy array")
	}
	var size, at int
	switch version := data[6]; version {
	case 1:
		size, at = int(binary.LittleEndian.Uint16(data[8:])), 10
	case 2, 3:
		size, at = int(binary.LittleEndian.Uint32(data[8:])), 12
	default:
		return t, fmt.Errorf(".npy version %d is not supported", version)
	}
	if size > len(data)-at {
		return t, fmt.Errorf("truncated: the header is %d bytes long, the file %d", size, len(data))
	}
	h, err := parseNPYHeader(string(data[at : at+size]))
	if err != nil {
		return t, fmt.Errorf("header: %w", err)
	}
	t.DType, t.Shape = h.dtype, h.shape
	want, err := t.DType.byteSize(t.Shape)
	if err != nil {
		return t, err
	}
	rest := data[at+size:]
	if len(rest) != want {
		return t, fmt.Errorf("%d bytes of data, shape %v of %s needs %d", len(rest), t.Shape, t.DType, want)
	}
	if t.Data = rest; !h.fortran || want == 0 {
		return t, nil
	}
	// Fortran order: the first dimension is the fastest.
	strides := make([]int, len(t.Shape))
	step := 1
	for i, n := range t.Shape {
		strides[i] = step
		step *= n
	}
	if t.Data, err = b.alloc(want); err != nil {
		return t, err
	}
	copyStrided(t.Data, rest, t.DType.Size(), t.Shape, strides)
	return t, nil
}

type npyHeader struct {
	dtype   DType
	fortran bool
	shape   []int
}

// parseNPYHeader reads the literal that NumPy writes, such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func parseNPYHeader(text string) (h npyHeader, err error) {
	descr, ok := npyField(text, "descr")
	if !ok || len(descr) < 2 || descr[0] != '\'' {
		return h, errors.New("descr is missing or no simple type")
	}
	descr, _, _ = strings.Cut(descr[1:], "'")
	if len(descr) < 2 {
		return h, fmt.Errorf("dtype %q is not supported", descr)
	}
	if h.dtype, ok = npyType(descr[1:]); !ok {
		return h, fmt.Errorf("dtype %q is not supported", descr)
	}
	if descr[0] != '<' && h.dtype.Size() > 1 && h.dtype != BF16 {
		return h, fmt.Errorf("dtype %q is not little endian", descr)
	}
	order, ok := npyField(text, "fortran_order")
	if !ok {
		return h, errors.New("fortran_order is missing")
	}
	h.fortran = strings.HasPrefix(order, "True")
	shape, ok := npyField(text, "shape")
	if !ok || shape[0] != '(' {
		return h, errors.New("shape is missing")
	}
	shape, _, ok = strings.Cut(shape[1:], ")")
	if !ok {
		return h, errors.New("shape does not end")
	}
	h.shape = []int{}
	for s := range strings.SplitSeq(shape, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue // after the last comma of (3,)
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			return h, fmt.Errorf("shape (%s): %w", shape, err)
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

// npyField returns the text from a key's value on, which is not empty.
func npyField(text, key string) (string, bool) {
	_, v, ok := strings.Cut(text, "'"+key+"'")
	v, colon := strings.CutPrefix(strings.TrimSpace(v), ":")
	v = strings.TrimSpace(v)
	return v, ok && colon && v != ""
}
