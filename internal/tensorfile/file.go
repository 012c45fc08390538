package tensorfile

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Format is how a file stores its tensors.
type Format string

// The formats that Open tells apart.
const (
	Safetensors Format = "safetensors"
	PyTorch     Format = "pytorch" // zip or legacy
	HDF5        Format = "hdf5"    // Keras
	NumPy       Format = "numpy"   // .npy or .npz
)

// File is an open file of tensors, or the shards of one. Its methods may be
// called from several goroutines, Close excepted.
type File struct {
	path     string
	format   Format
	tensors  []Tensor
	index    map[string]int // name → position in tensors
	metadata map[string]string
	maps     []io.Closer
}

// content is what a reader finds in a file.
type content struct {
	format   Format
	tensors  []Tensor
	metadata map[string]string
}

// newFile checks what all formats must hold to: names given once, and data as
// long as shape and type say.
func newFile(path string, c content) (*File, error) {
	f := &File{
		path:     path,
		format:   c.format,
		tensors:  c.tensors,
		index:    make(map[string]int, len(c.tensors)),
		metadata: c.metadata,
	}
	if len(c.tensors) == 0 {
		return nil, errors.New("the file holds no tensors")
	}
	for i, t := range c.tensors {
		if err := t.Validate(); err != nil {
			return nil, err
		}
		if _, ok := f.index[t.Name]; ok {
			return nil, fmt.Errorf("tensor %q: the name is there twice", t.Name)
		}
		f.index[t.Name] = i
	}
	return f, nil
}

// Path returns the path that was opened.
func (f *File) Path() string { return f.path }

// Format returns the format found in the file, for an index that of its shards.
func (f *File) Format() Format { return f.format }

// Metadata returns the string pairs that a safetensors header or an index
// carries, nil where there are none.
func (f *File) Metadata() map[string]string { return f.metadata }

// Names returns the tensors' names in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Tensor returns the tensor of that name. Its Data is valid until Close.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// All yields the tensors in the order of the file.
func (f *File) All() iter.Seq[Tensor] { return slices.Values(f.tensors) }

// Close releases the mappings; every Tensor.Data handed out dies with them.
// Closing twice does nothing.
func (f *File) Close() error {
	var errs []error
	for _, m := range f.maps {
		errs = append(errs, m.Close())
	}
	f.maps, f.tensors, f.index = nil, nil, nil
	return errors.Join(errs...)
}
