// Package column keeps what is known of each row of a data set in few bytes: of a
// data set there may be millions, and all that is in memory of them is this.
package column

import "iter"

// blockLen is how many numbers share a width.
const blockLen = 128

// Ints is a sequence of integers. A block of them has its smallest one and the
// others' distance from it, in as few bytes as the largest distance needs: where
// rows lie in a file and what line they are on takes one or two, a few classes
// one, a constant none.
//
// The zero value is empty. Once nothing is appended any more, any number of
// goroutines may read. A column grows block by block, so that it is never held
// twice.
type Ints struct {
	blocks []block
	tail   []int64 // of the block that is not full yet
}

type block struct {
	least int64
	data  []byte // [blockLen][width], little endian
}

// Collect returns the values as a column.
func Collect(values iter.Seq[int]) *Ints {
	c := new(Ints)
	for v := range values {
		c.Append(v)
	}
	return c
}

// Len returns how many there are.
func (c *Ints) Len() int { return len(c.blocks)*blockLen + len(c.tail) }

// Append adds v at the end.
func (c *Ints) Append(v int) {
	if c.tail = append(c.tail, int64(v)); len(c.tail) == blockLen {
		c.blocks = append(c.blocks, pack(c.tail))
		c.tail = c.tail[:0]
	}
}

func pack(values []int64) block {
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	width := 0
	for d := uint64(most) - uint64(least); d > 0; d >>= 8 {
		width++
	}
	b := block{least, make([]byte, 0, len(values)*width)}
	for _, v := range values {
		d := uint64(v) - uint64(least)
		for range width {
			b.data = append(b.data, byte(d))
			d >>= 8
		}
	}
	return b
}

// At returns the i-th.
func (c *Ints) At(i int) int {
	k := i / blockLen
	if k == len(c.blocks) {
		return int(c.tail[i%blockLen])
	}
	b := &c.blocks[k]
	width := len(b.data) / blockLen
	i = i % blockLen * width
	var d uint64
	for k, x := range b.data[i : i+width] {
		d |= uint64(x) << (8 * k)
	}
	return int(uint64(b.least) + d)
}

// Values yields all in order.
func (c *Ints) Values() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range c.Len() {
			if !yield(c.At(i)) {
				return
			}
		}
	}
}
