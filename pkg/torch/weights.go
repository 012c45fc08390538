package torch

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gotune/gotune/internal/tensorfile"
)

// dtypes pairs the names that weight files use with ATen's types.
var dtypes = map[tensorfile.DType]DType{
	tensorfile.U8: Uint8, tensorfile.I8: Int8, tensorfile.I16: Int16, tensorfile.I32: Int32, tensorfile.I64: Int64,
	tensorfile.F16: Float16, tensorfile.BF16: BFloat16, tensorfile.F32: Float32, tensorfile.F64: Float64,
	tensorfile.BOOL: Bool,
}

// WeightFile is a file of named tensors under the names that a model gives its
// parameters, and a record of which of them were used.
type WeightFile struct {
	path    string
	file    *tensorfile.File // that Close closes, or nil
	closed  bool
	tensors map[string]tensorfile.Tensor
	order   []string
	used    map[string]bool
}

// OpenWeights opens a file of named tensors: .safetensors, such as
// Store.WriteSafetensors writes and train.CheckpointWeights finds, PyTorch's .bin and
// .pth, or Keras' .h5. Close it when what is wanted was read.
func OpenWeights(path string) (*WeightFile, error) {
	f, err := tensorfile.Open(path)
	if err != nil {
		return nil, err
	}
	w, err := NewWeightFile(f, nil)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.file = f
	return w, nil
}

// Close closes the file that OpenWeights opened. Tensors that were copied from it stay.
func (w *WeightFile) Close() error {
	if w.file == nil || w.closed {
		return nil
	}
	w.closed = true
	return w.file.Close()
}

// NewWeightFile lists f's tensors. rename maps a name in the file to the
// model's, or to "" for a tensor to leave out; nil keeps all names. Two tensors
// of one name are an error. f must stay open while the weights are read.
func NewWeightFile(f *tensorfile.File, rename func(name string) string) (*WeightFile, error) {
	return newWeights(f.Path(), f.All(), rename)
}

// NewWeights is NewWeightFile for tensors in memory, which were made from the
// file at path.
func NewWeights(path string, ts []tensorfile.Tensor) (*WeightFile, error) {
	return newWeights(path, slices.Values(ts), nil)
}

func newWeights(path string, ts iter.Seq[tensorfile.Tensor], rename func(string) string) (*WeightFile, error) {
	w := &WeightFile{path: path, tensors: make(map[string]tensorfile.Tensor), used: make(map[string]bool)}
	for t := range ts {
		name := t.Name
		if rename != nil {
			name = rename(name)
		}
		if name == "" {
			continue
		}
		if dup, ok := w.tensors[name]; ok {
			return nil, fmt.Errorf("%s: %q and %q are both parameter %q", path, dup.Name, t.Name, name)
		}
		w.tensors[name] = t
		w.order = append(w.order, name)
	}
	return w, nil
}

// Has says whether the file holds a tensor of that name, and of which shape.
func (w *WeightFile) Has(name string) (shape []int, ok bool) {
	t, ok := w.tensors[name]
	return t.Shape, ok
}

// Names returns the names in the file's order.
func (w *WeightFile) Names() []string { return slices.Clone(w.order) }

// Forget takes a tensor out: the model will draw the parameter instead.
func (w *WeightFile) Forget(name string) {
	delete(w.tensors, name)
	w.used[name] = true
}

// Source gives the file's tensors to a store's parameters.
func (w *WeightFile) Source() Source {
	return func(name string) ([]byte, DType, []int, bool) {
		t, ok := w.tensors[name]
		if !ok {
			return nil, 0, nil, false
		}
		w.used[name] = true
		dtype, ok := dtypes[t.DType]
		if !ok || w.closed {
			// The parameter's error, not a missing tensor: it would be drawn.
			return nil, unknownType, t.Shape, true
		}
		return t.Data, dtype, t.Shape, true
	}
}

// Unused returns the names, in file order, that no parameter took.
func (w *WeightFile) Unused() []string {
	var out []string
	for _, name := range w.order {
		if !w.used[name] {
			out = append(out, name)
		}
	}
	return out
}

// Missing returns the names of st's parameters that the file does not hold.
func (w *WeightFile) Missing(st *Store) []string {
	var out []string
	for _, p := range st.All() {
		if _, ok := w.tensors[p.Name]; !ok {
			out = append(out, p.Name)
		}
	}
	return out
}

// WriteSafetensors writes the store's tensors, under their names and in their
// own types, to a safetensors file, in one step: path is as it was until all is
// on disk. One tensor at a time is in host memory.
func (st *Store) WriteSafetensors(path string, metadata map[string]string) error {
	ts := make([]tensorfile.Tensor, len(st.params))
	for i, p := range st.params {
		var err error
		if ts[i], err = describe(p); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	var buf []byte
	return tensorfile.WriteFunc(path, ts, metadata, func(i int) ([]byte, error) {
		n := bytesOf(st.params[i])
		if n > len(buf) {
			buf = make([]byte, n)
		}
		return buf[:n], copyBytes(buf[:n], st.params[i].T)
	})
}

// Bytes returns how much memory the store's tensors take.
func (st *Store) Bytes() int {
	n := 0
	for _, p := range st.params {
		n += bytesOf(p)
	}
	return n
}

// Tensors copies the store's tensors, under their names and in their own types,
// to memory that alloc gives, Bytes in all.
func (st *Store) Tensors(alloc func(bytes int) []byte) ([]tensorfile.Tensor, error) {
	ts := make([]tensorfile.Tensor, len(st.params))
	for i, p := range st.params {
		var err error
		if ts[i], err = describe(p); err != nil {
			return nil, err
		}
		ts[i].Data = alloc(bytesOf(p))
		if err := copyBytes(ts[i].Data, p.T); err != nil {
			return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
		}
	}
	return ts, nil
}

// describe returns p as a file has it, without its data.
func describe(p *Parameter) (tensorfile.Tensor, error) {
	if !p.T.Alive() {
		return tensorfile.Tensor{}, fmt.Errorf("parameter %q: %w", p.Name, ErrClosed)
	}
	m := p.T.meta()
	dtype, err := fileType(m.dtype)
	if err != nil {
		return tensorfile.Tensor{}, fmt.Errorf("parameter %q: %w", p.Name, err)
	}
	return tensorfile.Tensor{Name: p.Name, DType: dtype, Shape: m.shape}, nil
}

func bytesOf(p *Parameter) int {
	m := p.T.meta()
	return numel(m.shape) * m.dtype.Size()
}

func fileType(d DType) (tensorfile.DType, error) {
	for name, t := range dtypes {
		if t == d {
			return name, nil
		}
	}
	return "", fmt.Errorf("no file type for %s", d)
}

// CopyFrom overwrites every tensor of the store with the file's of that name. A
// missing one, or one of another shape, is an error; what came before it is
// overwritten by then.
func (st *Store) CopyFrom(w *WeightFile) error {
	if w.closed {
		return fmt.Errorf("%s: %w", w.path, ErrClosed)
	}
	src := w.Source()
	for _, p := range st.params {
		data, dtype, shape, ok := src(p.Name)
		if !ok {
			return fmt.Errorf("parameter %q is missing", p.Name)
		}
		if want := p.T.Shape(); !slices.Equal(shape, want) {
			return fmt.Errorf("parameter %q: shape %s, want %s", p.Name, ShapeString(shape), ShapeString(want))
		}
		if err := CopyIn(p.T, data, dtype); err != nil {
			return fmt.Errorf("parameter %q: %w", p.Name, err)
		}
	}
	return nil
}
