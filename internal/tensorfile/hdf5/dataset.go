package hdf5

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Kind is what a dataset's elements are.
type Kind int

// The kinds of elements. Opaque elements are bytes that some writer gives a
// meaning of its own: h5py keeps bfloat16 so.
const (
	Int Kind = iota
	Uint
	Float
	BFloat16
	Bool
	Opaque
)

// Dataset is an array of numbers.
type Dataset struct {
	Path string // from the root, without a leading slash
	Dims []int  // empty for a scalar
	Kind Kind
	Size int // bytes of an element

	f       *File
	layout  layout
	filters []filter
	fill    []byte // an element, or nil for zeros
}

// layoutClass is how a dataset's elements are stored.
type layoutClass int

const (
	compact layoutClass = iota
	contiguous
	chunked
)

type layout struct {
	class   layoutClass
	data    []byte // compact
	address uint64 // of the elements or of the chunks' B-tree
	size    uint64 // bytes, contiguous
	chunk   []int  // elements in each dimension of a chunk
}

// dataset describes the dataset with these messages, nil if its elements are
// strings, compounds or references, which no tensor is made of.
func (f *File) dataset(path string, messages []message) (*Dataset, error) {
	d := &Dataset{Path: path, f: f}
	for _, m := range messages {
		if m.shared && (m.kind == msgDatatype || m.kind == msgDataspace || m.kind == msgFilters || m.kind == msgFill) {
			return nil, errors.New("shared header messages are not supported")
		}
	}
	space, kind := find(messages, msgDataspace), find(messages, msgDatatype)
	if space == nil || kind == nil {
		return nil, errors.New("no dataspace or datatype")
	}
	numeric, err := d.datatype(f.cursorAt(kind.data))
	if err != nil || !numeric {
		return nil, err
	}
	if err := d.dataspace(f.cursorAt(space.data)); err != nil {
		return nil, fmt.Errorf("dataspace: %w", err)
	}
	if find(messages, msgExternal) != nil {
		return nil, errors.New("external storage is not supported")
	}
	if err := d.parseLayout(f.cursorAt(find(messages, msgLayout).data)); err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	if m := find(messages, msgFilters); m != nil {
		if d.filters, err = parseFilters(f.cursorAt(m.data)); err != nil {
			return nil, fmt.Errorf("filters: %w", err)
		}
	}
	if m := find(messages, msgFill); m != nil {
		if err := d.parseFill(f.cursorAt(m.data)); err != nil {
			return nil, fmt.Errorf("fill value: %w", err)
		}
	}
	return d, nil
}

// ByteSize returns the bytes of all elements.
func (d *Dataset) ByteSize() int {
	n := d.Size
	for _, k := range d.Dims {
		n *= k
	}
	return n
}

func (d *Dataset) dataspace(c *cursor) error {
	version, rank, flags := c.uint(1), int(c.uint(1)), c.uint(1)
	switch version {
	case 1:
		c.skip(5)
	case 2:
		if kind := c.uint(1); kind == 2 { // null: no elements at all
			d.Dims = []int{0}
			return c.err
		}
	default:
		return fmt.Errorf("version %d is not supported", version)
	}
	_ = flags // only announces the largest sizes, which follow
	total := uint64(d.Size)
	empty := false
	for range rank {
		n := c.size()
		if n > math.MaxInt {
			return errors.New("a dimension overflows")
		}
		d.Dims = append(d.Dims, int(n))
		empty = empty || n == 0
	}
	if c.err != nil || empty {
		return c.err
	}
	for _, n := range d.Dims {
		hi, lo := bits.Mul64(total, uint64(n))
		if hi != 0 || lo > math.MaxInt {
			return fmt.Errorf("dimensions %v overflow", d.Dims)
		}
		total = lo
	}
	return nil
}

// datatype decodes the element type; false means that it is no number.
func (d *Dataset) datatype(c *cursor) (numeric bool, err error) {
	first := c.uint(1)
	flags := c.uint(3)
	size := c.uint(4)
	if c.err != nil {
		return false, fmt.Errorf("datatype: %w", c.err)
	}
	d.Size = int(size)
	bigEndian := flags&1 != 0
	switch class := first & 15; class {
	case 0: // fixed point
		offset, precision := c.uint(2), c.uint(2)
		d.Kind = Uint
		if flags&8 != 0 {
			d.Kind = Int
		}
		if offset != 0 || precision != 8*size || (size != 1 && size != 2 && size != 4 && size != 8) {
			return false, fmt.Errorf("integers of %d bits in %d bytes are not supported", precision, size)
		}
		bigEndian = bigEndian && size > 1
	case 1: // floating point
		c.skip(4)                                           // bit offset and precision
		c.skip(1)                                           // exponent location
		expSize, _, mant := c.uint(1), c.uint(1), c.uint(1) // mantissa location between
		switch {
		case size == 2 && expSize == 5 && mant == 10, size == 4 && expSize == 8 && mant == 23, size == 8 && expSize == 11 && mant == 52:
			d.Kind = Float
		case size == 2 && expSize == 8 && mant == 7:
			d.Kind = BFloat16
		default:
			return false, fmt.Errorf("floats of %d bytes with %d exponent bits are not supported", size, expSize)
		}
	case 5: // opaque
		d.Kind = Opaque
		bigEndian = false
	case 8: // enumeration: h5py's bool, if its base is one byte
		if size != 1 {
			return false, fmt.Errorf("enumerations of %d bytes are not supported", size)
		}
		d.Kind = Bool
		bigEndian = false
	default: // times, strings, bit fields, compounds, references, sequences, arrays
		return false, nil
	}
	if bigEndian {
		return false, errors.New("big-endian elements are not supported")
	}
	return true, c.err
}
