package hdf5

import (
	"errors"
	"fmt"
)

// Types of the header messages that matter here.
const (
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02
	msgDatatype     = 0x03
	msgFill         = 0x05
	msgLink         = 0x06
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgFilters      = 0x0b
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
)

type message struct {
	kind   int
	shared bool // the data is a reference to where the message is
	data   []byte
}

// find returns the first message of a kind, or nil.
func find(messages []message, kind int) *message {
	for i := range messages {
		if messages[i].kind == kind {
			return &messages[i]
		}
	}
	return nil
}

// headerReader collects an object's messages over its blocks.
type headerReader struct {
	f        *File
	messages []message
	blocks   []block // still to be read
	tracked  bool    // version 2 with a creation order in each message
}

type block struct{ address, size uint64 }

// header returns the messages of the object at address.
func (f *File) header(address uint64) ([]message, error) {
	c, err := f.at(address)
	if err != nil {
		return nil, err
	}
	r := &headerReader{f: f}
	if len(c.data) >= 4 && string(c.data[:4]) == "OHDR" {
		err = r.version2(c)
	} else {
		err = r.version1(c)
	}
	return r.messages, err
}

// version1 reads a prefix of 16 bytes and messages of type, size, flags.
func (r *headerReader) version1(c *cursor) error {
	version := c.uint(1)
	c.skip(1 + 2 + 4) // reserved, number of messages, reference count
	size := c.uint(4)
	c.skip(4) // alignment
	if c.err == nil && version != 1 {
		return fmt.Errorf("version %d is not supported", version)
	}
	data := c.bytes(int(size))
	if c.err != nil {
		return c.err
	}
	for {
		for b := r.f.cursorAt(data); len(b.data) >= 8; {
			kind := int(b.uint(2))
			n := int(b.uint(2))
			flags := b.uint(1)
			b.skip(3)
			if err := r.add(kind, flags, b.bytes(n), b.err); err != nil {
				return err
			}
		}
		if len(r.blocks) == 0 {
			return nil
		}
		var err error
		if data, err = r.f.span(r.blocks[0].address, r.blocks[0].size); err != nil {
			return fmt.Errorf("continuation: %w", err)
		}
		r.blocks = r.blocks[1:]
	}
}

// version2 reads chunks that begin with a signature and end in a checksum.
func (r *headerReader) version2(c *cursor) error {
	c.skip(4)
	if version := c.uint(1); c.err == nil && version != 2 {
		return fmt.Errorf("version %d is not supported", version)
	}
	flags := c.uint(1)
	r.tracked = flags&4 != 0
	if flags&0x20 != 0 {
		c.skip(16) // times
	}
	if flags&0x10 != 0 {
		c.skip(4) // limits of attribute storage
	}
	n := c.uint(1 << (flags & 3))
	if c.err != nil || n > uint64(len(c.data)) {
		return errShort
	}
	data := c.bytes(int(n))
	for {
		for b := r.f.cursorAt(data); len(b.data) >= 4; {
			kind := int(b.uint(1))
			n := int(b.uint(2))
			flags := b.uint(1)
			if r.tracked {
				b.skip(2)
			}
			if err := r.add(kind, flags, b.bytes(n), b.err); err != nil {
				return err
			}
		}
		if len(r.blocks) == 0 {
			return nil
		}
		chunk, err := r.f.span(r.blocks[0].address, r.blocks[0].size)
		if err != nil || len(chunk) < 8 || string(chunk[:4]) != "OCHK" {
			return errors.New("continuation: truncated or damaged")
		}
		data = chunk[4 : len(chunk)-4]
		r.blocks = r.blocks[1:]
	}
}

func (r *headerReader) add(kind int, flags uint64, data []byte, err error) error {
	if err != nil {
		return err
	}
	// Continuations may point at themselves: the count ends that too.
	if err := r.f.step(); err != nil {
		return err
	}
	r.messages = append(r.messages, message{kind: kind, shared: flags&2 != 0, data: data})
	if kind == msgContinuation {
		c := r.f.cursorAt(data)
		r.blocks = append(r.blocks, block{c.address(), c.size()})
		return c.err
	}
	return nil
}
