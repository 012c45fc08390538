package tensorfile

import (
	"fmt"
)

// Tensor is a named array.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar

	// Data holds the elements, little endian, contiguous, last dimension
	// fastest. It may point into the mapped file: read-only, and valid until
	// File.Close.
	Data []byte
}

// Numel returns the number of elements.
func (t Tensor) Numel() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Validate returns an error that names the tensor if its type is unknown or its
// data is not as long as shape and type say.
func (t Tensor) Validate() error {
	want, err := t.DType.byteSize(t.Shape)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if len(t.Data) != want {
		return fmt.Errorf("tensor %q: %d bytes of data, shape %v of %s needs %d",
			t.Name, len(t.Data), t.Shape, t.DType, want)
	}
	return nil
}
