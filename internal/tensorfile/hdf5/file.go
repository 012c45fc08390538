// Package hdf5 reads the numeric datasets of HDF5 files from memory.
//
// It covers what h5py writes by default, and so all that Keras has ever saved:
// superblocks 0 to 3, object headers 1 and 2, symbol-table and compact-link
// groups, integers and IEEE floats in compact, contiguous and chunked storage
// with the shuffle, deflate and Fletcher-32 filters. Contiguous data is returned
// in place. What lies beyond is an error that names it, never a dataset left
// out.
//
// Every address and length is checked against the file, and every walk along
// pointers in it is bounded: a hostile file costs time and memory in proportion
// to its size.
//
// Format: HDF5 File Format Specification 3.0.
package hdf5

import (
	"bytes"
	"errors"
	"fmt"
)

const signature = "\x89HDF\r\n\x1a\n"

// maxSteps bounds the structures that are followed. An honest file has far fewer
// than bytes; in a hostile one links make few structures look like many.
const maxSteps = 1 << 22

// maxDepth bounds groups in groups, and with them the stack. Keras nests a few for
// each model within a model.
const maxDepth = 128

// maxNames bounds the bytes of all paths together.
const maxNames = 16 << 20

// undefined is the address of what is not there, all ones on disk.
const undefined = ^uint64(0)

// File is an HDF5 file in memory.
type File struct {
	data     []byte // from the superblock to the end of the file
	offset   int    // bytes of an address
	length   int    // bytes of a length
	root     uint64 // address of the root group's object header
	datasets []*Dataset
	onPath   map[uint64]bool // groups being walked, against cycles
	steps    int             // structures that may still be followed
	names    int             // bytes that paths may still take
}

// Is reports whether data begins an HDF5 file, at 0 or behind a user block.
func Is(data []byte) bool { return start(data) >= 0 }

// start returns where the superblock is: at 0 or a power of two from 512 on.
func start(data []byte) int {
	for at := 0; at+len(signature) <= len(data); at = max(512, 2*at) {
		if bytes.HasPrefix(data[at:], []byte(signature)) {
			return at
		}
	}
	return -1
}

// Open parses the structure of a file; Datasets then lists what was found. The
// file keeps data, and so do the datasets.
func Open(data []byte) (*File, error) {
	at := start(data)
	if at < 0 {
		return nil, errors.New("no HDF5 signature")
	}
	f := &File{data: data, onPath: make(map[uint64]bool), steps: min(len(data), maxSteps), names: maxNames}
	if err := f.superblock(at); err != nil {
		return nil, fmt.Errorf("superblock: %w", err)
	}
	if err := f.walk("", f.root); err != nil {
		return nil, err
	}
	return f, nil
}

// Datasets returns all datasets with elements of a numeric type, in the order
// of the groups, which h5py sorts by name.
func (f *File) Datasets() []*Dataset { return f.datasets }

func (f *File) superblock(at int) error {
	c := &cursor{data: f.data[at+len(signature):]}
	version := c.uint(1)
	var base, end uint64
	switch version {
	case 0, 1:
		c.skip(4) // versions of the free space, root entry, header; reserved
		if err := f.sizes(c); err != nil {
			return err
		}
		c.skip(1 + 2 + 2 + 4) // reserved, group leaf and internal K, flags
		if version == 1 {
			c.skip(4)
		}
		base = c.address()
		c.address() // free space
		end = c.address()
		c.address() // driver information
		c.address() // root's link name
		f.root = c.address()
	case 2, 3:
		if err := f.sizes(c); err != nil {
			return err
		}
		c.skip(1) // flags
		base = c.address()
		c.address() // extension
		end = c.address()
		f.root = c.address()
	default:
		return fmt.Errorf("version %d is not supported", version)
	}
	if c.err != nil {
		return c.err
	}
	// Addresses count from the superblock wherever it is, also where the base
	// that it names says otherwise: a user block may have been put before the
	// file or taken away.
	f.data = f.data[at:]
	if size := uint64(len(f.data)); end != undefined && end-base > size {
		return fmt.Errorf("truncated: %d bytes of %d", size, end-base)
	}
	return nil
}

func (f *File) sizes(c *cursor) error {
	f.offset, f.length = int(c.uint(1)), int(c.uint(1))
	c.offset, c.length = f.offset, f.length
	if c.err == nil && (f.offset != 4 && f.offset != 8 || f.length != 4 && f.length != 8) {
		return fmt.Errorf("addresses of %d and lengths of %d bytes are not supported", f.offset, f.length)
	}
	return c.err
}

var errTooMany = errors.New("too many objects")

// step accounts for one more structure.
func (f *File) step() error {
	if f.steps--; f.steps < 0 {
		return errTooMany
	}
	return nil
}

// walk visits the object whose header is at address, and all below it.
func (f *File) walk(path string, address uint64) error {
	if f.names -= len(path); f.names < 0 {
		return errTooMany
	}
	if err := f.step(); err != nil {
		return err
	}
	name := path
	if name == "" {
		name = "/"
	}
	messages, err := f.header(address)
	if err != nil {
		return fmt.Errorf("%s: object header: %w", name, err)
	}
	if find(messages, msgLayout) != nil {
		d, err := f.dataset(path, messages)
		if err != nil {
			return fmt.Errorf("dataset %q: %w", path, err)
		}
		if d != nil {
			f.datasets = append(f.datasets, d)
		}
		return nil
	}
	if f.onPath[address] {
		return fmt.Errorf("%s: the group contains itself", name)
	}
	if len(f.onPath) == maxDepth {
		return fmt.Errorf("%s: groups are nested too deep", name)
	}
	f.onPath[address] = true
	defer delete(f.onPath, address)
	links, err := f.links(messages)
	if err != nil {
		return fmt.Errorf("group %s: %w", name, err)
	}
	for _, l := range links {
		child := l.name
		if path != "" {
			child = path + "/" + l.name
		}
		if err := f.walk(child, l.address); err != nil {
			return err
		}
	}
	return nil
}
