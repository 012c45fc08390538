package hdf5

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

// Filters, by their registered numbers.
const (
	filterDeflate  = 1
	filterShuffle  = 2
	filterFletcher = 3
)

type filter struct {
	id     uint64
	values []uint64
}

// maxFilters is the length that the format allows a pipeline.
const maxFilters = 32

func parseFilters(c *cursor) ([]filter, error) {
	version, n := c.uint(1), int(c.uint(1))
	if version != 1 && version != 2 {
		return nil, fmt.Errorf("version %d is not supported", version)
	}
	if n > maxFilters {
		return nil, fmt.Errorf("%d filters, at most %d", n, maxFilters)
	}
	if version == 1 {
		c.skip(6)
	}
	var out []filter
	for range n {
		f := filter{id: c.uint(2)}
		name := 0
		if version == 1 || f.id >= 256 {
			name = int(c.uint(2))
		}
		c.skip(2) // flags
		values := int(c.uint(2))
		if version == 1 {
			name = (name + 7) &^ 7
		}
		c.skip(name)
		for range values {
			f.values = append(f.values, c.uint(4))
			if c.err != nil {
				return nil, c.err
			}
		}
		if version == 1 && values%2 == 1 {
			c.skip(4)
		}
		switch f.id {
		case filterDeflate, filterShuffle, filterFletcher:
		default:
			return nil, fmt.Errorf("filter %d is not supported, only gzip, shuffle and fletcher32", f.id)
		}
		out = append(out, f)
	}
	return out, c.err
}

// undo reverses the filter. The result is at most limit bytes long.
func (f filter) undo(data []byte, limit int, alloc func(int) ([]byte, error)) ([]byte, error) {
	switch f.id {
	case filterDeflate:
		return inflate(data, limit, alloc)
	case filterShuffle:
		return f.unshuffle(data, alloc)
	}
	// Fletcher-32: four bytes at the end.
	if len(data) < 4 {
		return nil, errors.New("a chunk without its checksum")
	}
	body, sum := data[:len(data)-4], data[len(data)-4:]
	want := uint32(sum[0]) | uint32(sum[1])<<8 | uint32(sum[2])<<16 | uint32(sum[3])<<24
	if got := fletcher32(body); got != want {
		return nil, fmt.Errorf("a chunk's checksum is %08x, want %08x", got, want)
	}
	return body, nil
}

func inflate(data []byte, limit int, alloc func(int) ([]byte, error)) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out, err := alloc(limit)
	if err != nil {
		return nil, err
	}
	n, err := io.ReadFull(r, out)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		// Shorter than the limit is the rule. A cut stream gives the same error
		// and is caught by the length of the chunk.
		return out[:n], nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// unshuffle puts the bytes of each element together again: all first bytes are
// stored first, then all second ones.
func (f filter) unshuffle(data []byte, alloc func(int) ([]byte, error)) ([]byte, error) {
	if len(f.values) == 0 || f.values[0] == 0 || f.values[0] > uint64(len(data)) {
		return nil, errors.New("shuffle without a size")
	}
	size := int(f.values[0])
	out, err := alloc(len(data))
	if err != nil {
		return nil, err
	}
	n := len(data) / size
	for b := range size {
		for i, v := range data[b*n : (b+1)*n] {
			out[i*size+b] = v
		}
	}
	copy(out[n*size:], data[n*size:])
	return out, nil
}

// fletcher32 is the checksum of HDF5, over big-endian 16-bit words. Its sums are
// folded, not divided: a multiple of 65535 stays 0xffff, and only zeros give 0
// (H5_checksum_fletcher32).
func fletcher32(data []byte) uint32 {
	var a, b uint32
	for i := 0; i < len(data); i += 2 {
		w := uint32(data[i]) << 8
		if i+1 < len(data) {
			w |= uint32(data[i+1])
		}
		a += w
		a = a&0xffff + a>>16
		b += a
		b = b&0xffff + b>>16
	}
	return b<<16 | a
}
