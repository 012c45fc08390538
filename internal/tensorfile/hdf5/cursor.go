package hdf5

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("truncated")

// cursor reads fields in a row. It keeps the first error; later reads give zero.
type cursor struct {
	data           []byte
	offset, length int // bytes of addresses and lengths
	err            error
}

func (f *File) cursorAt(data []byte) *cursor {
	return &cursor{data: data, offset: f.offset, length: f.length}
}

// at returns a cursor from an address to the end of the file.
func (f *File) at(address uint64) (*cursor, error) {
	if address >= uint64(len(f.data)) {
		return nil, errShort
	}
	return f.cursorAt(f.data[address:]), nil
}

// span returns n bytes at an address.
func (f *File) span(address, n uint64) ([]byte, error) {
	size := uint64(len(f.data))
	if address > size || n > size-address {
		return nil, errShort
	}
	return f.data[address : address+n : address+n], nil
}

func (c *cursor) bytes(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.data) {
		c.err = errShort
		return nil
	}
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

func (c *cursor) skip(n int) { c.bytes(n) }

// uint reads a little-endian integer of n bytes, at most 8.
func (c *cursor) uint(n int) uint64 {
	var full [8]byte
	copy(full[:], c.bytes(n))
	return binary.LittleEndian.Uint64(full[:])
}

// address reads a file address; one of all ones is undefined.
func (c *cursor) address() uint64 {
	a := c.uint(c.offset)
	if c.offset == 4 && a == 1<<32-1 {
		return undefined
	}
	return a
}

func (c *cursor) size() uint64 { return c.uint(c.length) }

// magic consumes a structure's signature.
func (c *cursor) magic(want string) error {
	if got := c.bytes(len(want)); c.err == nil && string(got) != want {
		return errors.New("no " + want + " signature where there should be one")
	}
	return c.err
}
