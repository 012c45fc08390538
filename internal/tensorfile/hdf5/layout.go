package hdf5

import (
	"errors"
	"fmt"
	"math"
)

// parseLayout decodes where the elements are: version 3, which HDF5 has written
// since 1.6, and of version 4 what is the same.
func (d *Dataset) parseLayout(c *cursor) error {
	version := c.uint(1)
	if c.err == nil && version != 3 && version != 4 {
		return fmt.Errorf("version %d is not supported", version)
	}
	d.layout.class = layoutClass(c.uint(1))
	switch d.layout.class {
	case compact:
		d.layout.data = c.bytes(int(c.uint(2)))
	case contiguous:
		d.layout.address = c.address()
		d.layout.size = c.size()
	case chunked:
		if version == 4 {
			return errors.New("chunk indexes of libver='latest' are not supported")
		}
		rank := int(c.uint(1))
		d.layout.address = c.address()
		var dims []uint64
		for range rank {
			dims = append(dims, c.uint(4))
		}
		return d.setChunk(c, dims)
	default:
		return fmt.Errorf("class %d is not supported", d.layout.class)
	}
	return c.err
}

// setChunk takes a chunk's dimensions, the last of which is the element's size.
func (d *Dataset) setChunk(c *cursor, dims []uint64) error {
	if c.err != nil {
		return c.err
	}
	if len(dims) != len(d.Dims)+1 || dims[len(dims)-1] != uint64(d.Size) {
		return fmt.Errorf("chunks of %v do not fit dimensions %v of %d bytes", dims, d.Dims, d.Size)
	}
	total := uint64(1)
	for _, n := range dims {
		total *= n // below 2^64: the product is checked at each step, n is below 2^32
		if n == 0 || total > math.MaxInt32 {
			return fmt.Errorf("chunks of %v elements are not supported", dims)
		}
	}
	for _, n := range dims[:len(dims)-1] {
		d.layout.chunk = append(d.layout.chunk, int(n))
	}
	return nil
}

// parseFill decodes the element that stands for what was never written.
func (d *Dataset) parseFill(c *cursor) error {
	version := c.uint(1)
	defined := true
	switch version {
	case 1:
		c.skip(3)
	case 2:
		c.skip(2)
		defined = c.uint(1) != 0
	case 3:
		defined = c.uint(1)&0x20 != 0
	default:
		return fmt.Errorf("version %d is not supported", version)
	}
	if !defined || c.err != nil {
		return c.err
	}
	n := int(c.uint(4))
	if n == 0 || n == math.MaxUint32 { // the default, undefined
		return c.err
	}
	if d.fill = c.bytes(n); c.err == nil && n != d.Size {
		return fmt.Errorf("%d bytes, an element has %d", n, d.Size)
	}
	return c.err
}

// Bytes returns the elements, little endian, last dimension fastest: in place
// where they are stored so, else in memory from alloc, which may refuse.
func (d *Dataset) Bytes(alloc func(n int) ([]byte, error)) ([]byte, error) {
	want := d.ByteSize()
	if want == 0 {
		return []byte{}, nil
	}
	if d.layout.class != chunked && len(d.filters) > 0 {
		return nil, errors.New("filters without chunks")
	}
	switch {
	case d.layout.class == compact:
		if len(d.layout.data) < want {
			return nil, fmt.Errorf("%d bytes stored, dimensions %v need %d", len(d.layout.data), d.Dims, want)
		}
		return d.layout.data[:want:want], nil
	case d.layout.address == undefined: // never written
		out, err := alloc(want)
		if err != nil {
			return nil, err
		}
		d.fillIn(out)
		return out, nil
	case d.layout.class == contiguous:
		if d.layout.size != uint64(want) {
			return nil, fmt.Errorf("%d bytes stored, dimensions %v need %d", d.layout.size, d.Dims, want)
		}
		b, err := d.f.span(d.layout.address, uint64(want))
		if err != nil {
			return nil, fmt.Errorf("truncated: %d bytes at %d, the file has %d", want, d.layout.address, len(d.f.data))
		}
		return b, nil
	}
	out, err := alloc(want)
	if err != nil {
		return nil, err
	}
	d.fillIn(out)
	r := chunkReader{d: d, out: out, alloc: alloc}
	if err := r.node(d.layout.address, -1); err != nil {
		return nil, fmt.Errorf("chunks: %w", err)
	}
	return out, nil
}

func (d *Dataset) fillIn(out []byte) {
	for i := 0; d.fill != nil && i < len(out); i += d.Size {
		copy(out[i:], d.fill)
	}
}
