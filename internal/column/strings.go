package column

import (
	"encoding/binary"
	"iter"
	"slices"
)

// group is how many strings are coded one after the other.
const group = 16

// Strings is a sequence of strings of which neighbours begin alike, such as
// paths: each is the length that it shares with the one before and the bytes that
// follow. The zero value is empty. Once nothing is appended any more, any number
// of goroutines may read.
type Strings struct {
	groups [][]byte
	tail   []byte // of the group that is not full yet
	inTail int
	last   string
}

// Len returns how many there are.
func (c *Strings) Len() int { return len(c.groups)*group + c.inTail }

// Append adds s at the end.
func (c *Strings) Append(s string) {
	shared := 0
	if c.inTail > 0 {
		for shared < min(len(s), len(c.last)) && s[shared] == c.last[shared] {
			shared++
		}
	}
	c.tail = binary.AppendUvarint(c.tail, uint64(shared))
	c.tail = binary.AppendUvarint(c.tail, uint64(len(s)-shared))
	c.tail = append(c.tail, s[shared:]...)
	c.last = s
	if c.inTail++; c.inTail == group {
		c.groups = append(c.groups, slices.Clone(c.tail))
		c.tail, c.inTail = c.tail[:0], 0
	}
}

// At returns the i-th, which takes a walk over half a group.
func (c *Strings) At(i int) string {
	coded := c.group(i / group)
	s := make([]byte, 0, 256) // on the stack
	for range i%group + 1 {
		s, coded = decode(s, coded)
	}
	return string(s)
}

func (c *Strings) group(k int) []byte {
	if k == len(c.groups) {
		return c.tail
	}
	return c.groups[k]
}

// decode turns the string before into the one that coded begins with.
func decode(s, coded []byte) (next, rest []byte) {
	shared, n := binary.Uvarint(coded)
	coded = coded[n:]
	length, n := binary.Uvarint(coded)
	coded = coded[n:]
	return append(s[:shared], coded[:length]...), coded[length:]
}

// All yields all in order, with their indices.
func (c *Strings) All() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		i := 0
		for k := range len(c.groups) + 1 {
			var s []byte
			for coded := c.group(k); len(coded) > 0; i++ {
				if s, coded = decode(s, coded); !yield(i, string(s)) {
					return
				}
			}
		}
	}
}
