package hdf5

import (
	"bytes"
	"errors"
	"fmt"
)

// link is a hard link: a name for an object.
type link struct {
	name    string
	address uint64
}

// links returns a group's hard links. Soft and external links point at what is
// listed elsewhere or is not in this file, and are left out.
func (f *File) links(messages []message) ([]link, error) {
	var out []link
	for _, m := range messages {
		switch m.kind {
		case msgSymbolTable:
			c := f.cursorAt(m.data)
			tree, heap := c.address(), c.address()
			if c.err != nil {
				return nil, c.err
			}
			names, err := f.localHeap(heap)
			if err != nil {
				return nil, fmt.Errorf("local heap: %w", err)
			}
			t := groupTree{f: f, names: names}
			if err := t.node(tree, -1); err != nil {
				return nil, fmt.Errorf("B-tree: %w", err)
			}
			out = append(out, t.links...)
		case msgLink:
			l, ok, err := f.linkMessage(m.data)
			if err != nil {
				return nil, fmt.Errorf("link: %w", err)
			}
			if ok {
				out = append(out, l)
			}
		case msgLinkInfo:
			c := f.cursorAt(m.data)
			c.skip(1)
			if c.uint(1)&1 != 0 {
				c.skip(8)
			}
			if heap := c.address(); c.err == nil && heap != undefined {
				return nil, errors.New("dense link storage is not supported: write the file without libver='latest' or track_order")
			}
		}
	}
	return out, nil
}

// linkMessage decodes a link; ok is false where it is not a hard one.
func (f *File) linkMessage(data []byte) (l link, ok bool, err error) {
	c := f.cursorAt(data)
	if version := c.uint(1); c.err == nil && version != 1 {
		return l, false, fmt.Errorf("version %d is not supported", version)
	}
	flags := c.uint(1)
	kind := uint64(0)
	if flags&8 != 0 {
		kind = c.uint(1)
	}
	if flags&4 != 0 {
		c.skip(8) // creation order
	}
	if flags&16 != 0 {
		c.skip(1) // character set
	}
	n := c.uint(1 << (flags & 3))
	if n > uint64(len(c.data)) {
		return l, false, errShort
	}
	l.name = string(c.bytes(int(n)))
	if kind != 0 {
		return l, false, c.err
	}
	l.address = c.address()
	return l, true, c.err
}

// localHeap returns the bytes in which a group keeps its links' names.
func (f *File) localHeap(address uint64) ([]byte, error) {
	c, err := f.at(address)
	if err != nil {
		return nil, err
	}
	if err := c.magic("HEAP"); err != nil {
		return nil, err
	}
	c.skip(4) // version, reserved
	size := c.size()
	c.size() // free list
	data := c.address()
	if c.err != nil {
		return nil, c.err
	}
	return f.span(data, size)
}

// groupTree walks the version 1 B-tree of a group.
type groupTree struct {
	f     *File
	names []byte
	links []link
}

// node reads the node at address; level is what its parent expects, -1 at the
// root. Levels fall with each step, which bounds the depth.
func (t *groupTree) node(address uint64, level int) error {
	if err := t.f.step(); err != nil {
		return err
	}
	c, err := t.f.at(address)
	if err != nil {
		return err
	}
	if err := c.magic("TREE"); err != nil {
		return err
	}
	kind, l, n := c.uint(1), int(c.uint(1)), int(c.uint(2))
	c.address() // siblings
	c.address()
	if c.err != nil || kind != 0 || (level >= 0 && l != level) {
		return errors.New("damaged node")
	}
	for range n {
		c.size() // key
		child := c.address()
		if c.err != nil {
			return c.err
		}
		if l > 0 {
			err = t.node(child, l-1)
		} else {
			err = t.symbols(child)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// symbols reads a leaf of links.
func (t *groupTree) symbols(address uint64) error {
	if err := t.f.step(); err != nil {
		return err
	}
	c, err := t.f.at(address)
	if err != nil {
		return err
	}
	if err := c.magic("SNOD"); err != nil {
		return err
	}
	c.skip(2)
	for range int(c.uint(2)) {
		if err := t.f.step(); err != nil {
			return err
		}
		name, header := c.address(), c.address()
		cached := c.uint(4)
		c.skip(4 + 16)
		if c.err != nil {
			return c.err
		}
		if cached == 2 { // a soft link
			continue
		}
		if name >= uint64(len(t.names)) {
			return errors.New("a name outside the heap")
		}
		s, _, ok := bytes.Cut(t.names[name:], []byte{0})
		if !ok {
			return errors.New("a name without an end")
		}
		t.links = append(t.links, link{string(s), header})
	}
	return nil
}
