package hdf5

import (
	"errors"
)

// chunkReader copies chunks to their places in a dataset.
type chunkReader struct {
	d     *Dataset
	out   []byte
	alloc func(int) ([]byte, error)
	taken uint64 // bytes of the file in chunks so far
}

// node reads a node of the chunks' B-tree; level is what its parent expects, -1
// at the root.
func (r *chunkReader) node(address uint64, level int) error {
	if err := r.d.f.step(); err != nil {
		return err
	}
	c, err := r.d.f.at(address)
	if err != nil {
		return err
	}
	if err := c.magic("TREE"); err != nil {
		return err
	}
	kind, l, n := c.uint(1), int(c.uint(1)), int(c.uint(2))
	c.address() // siblings
	c.address()
	if c.err != nil || kind != 1 || (level >= 0 && l != level) {
		return errors.New("damaged node")
	}
	for range n {
		if err := r.d.f.step(); err != nil {
			return err
		}
		size, mask := c.uint(4), c.uint(4)
		at := make([]uint64, len(r.d.Dims))
		for i := range at {
			at[i] = c.uint(8)
		}
		c.skip(8) // offset within the element, 0
		child := c.address()
		if c.err != nil {
			return c.err
		}
		if l > 0 {
			err = r.node(child, l-1)
		} else {
			err = r.chunk(child, size, mask, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunk unpacks the chunk whose first element is at the index at.
func (r *chunkReader) chunk(address, size, mask uint64, at []uint64) error {
	d := r.d
	want := d.Size
	for i, n := range d.layout.chunk {
		if at[i]%uint64(n) != 0 || at[i] >= uint64(d.Dims[i]) {
			return errors.New("a chunk lies outside the dataset")
		}
		want *= n
	}
	data, err := d.f.span(address, size)
	if err != nil {
		return err
	}
	if r.taken += size; r.taken > uint64(len(d.f.data)) {
		return errors.New("chunks overlap")
	}
	for i := len(d.filters) - 1; i >= 0; i-- {
		if mask>>i&1 != 0 { // skipped when this chunk was written
			continue
		}
		// The checksum that Fletcher-32 appends is all that a chunk may be
		// longer than its elements.
		if data, err = d.filters[i].undo(data, want+4, r.alloc); err != nil {
			return err
		}
	}
	if len(data) != want {
		return errors.New("a chunk is not as long as its elements")
	}
	r.place(data, at)
	return nil
}

// place copies a chunk row by row; at the dataset's edge the rest of a chunk is
// padding.
func (r *chunkReader) place(data []byte, at []uint64) {
	d := r.d
	last := len(d.Dims) - 1
	var rows func(dim, src, dst int)
	rows = func(dim, src, dst int) {
		n := min(d.layout.chunk[dim], d.Dims[dim]-int(at[dim]))
		src, dst = src*d.layout.chunk[dim], dst*d.Dims[dim]+int(at[dim])
		if dim == last {
			copy(r.out[dst*d.Size:(dst+n)*d.Size], data[src*d.Size:])
			return
		}
		for i := range n {
			rows(dim+1, src+i, dst+i)
		}
	}
	if last < 0 {
		copy(r.out, data)
		return
	}
	rows(0, 0, 0)
}
