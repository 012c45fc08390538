package tensorfile

import (
	"fmt"

	"github.com/gotune/gotune/internal/tensorfile/hdf5"
)

// kerasWeights is the HDF5 file inside a .keras archive.
const kerasWeights = "model.weights.h5"

func isHDF5(data []byte) bool { return hdf5.Is(data) }

// readHDF5 takes every numeric dataset as a tensor named by its path, its
// elements in the order of the file: HWIO for Keras' convolution kernels.
func readHDF5(data []byte) (content, error) {
	f, err := hdf5.Open(data)
	if err != nil {
		return content{}, err
	}
	c := content{format: HDF5}
	b := newBudget(len(data))
	for _, d := range f.Datasets() {
		t := Tensor{Name: d.Path, Shape: d.Dims}
		if t.DType, err = h5Type(d); err != nil {
			return content{}, fmt.Errorf("tensor %q: %w", d.Path, err)
		}
		if t.Data, err = d.Bytes(b.alloc); err != nil {
			return content{}, fmt.Errorf("tensor %q: %w", d.Path, err)
		}
		c.tensors = append(c.tensors, t)
	}
	return c, nil
}

func h5Type(d *hdf5.Dataset) (DType, error) {
	sized := map[int]DType{}
	switch d.Kind {
	case hdf5.Float:
		sized = map[int]DType{2: F16, 4: F32, 8: F64}
	case hdf5.Int:
		sized = map[int]DType{1: I8, 2: I16, 4: I32, 8: I64}
	case hdf5.Uint:
		sized = map[int]DType{1: U8, 2: U16, 4: U32, 8: U64}
	case hdf5.Bool:
		sized = map[int]DType{1: BOOL}
	case hdf5.BFloat16, hdf5.Opaque:
		// NumPy has no bfloat16: Keras' comes out of h5py as two opaque bytes.
		sized = map[int]DType{2: BF16}
	}
	if t, ok := sized[d.Size]; ok {
		return t, nil
	}
	return "", fmt.Errorf("opaque elements of %d bytes are not supported", d.Size)
}
