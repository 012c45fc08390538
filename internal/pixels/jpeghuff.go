package pixels

import (
	"errors"
	"fmt"
)

// lookBits is how much of a code the first table sees: 9 bits catch almost every
// symbol of a photograph and the tables stay in the first-level cache.
const lookBits = 9

// huffTable reads one Huffman code and says how far to go on.
//
// An entry's low byte is the bits to pass over, the code's own and those of the
// value behind it; the high byte is how many coefficients that covers, 0 for
// the end of the block. No code has an entry of 0.
type huffTable struct {
	look   [1 << lookBits]uint16
	limit  [17]uint32 // per length: first 16-bit prefix that is too big for it
	offset [17]int    // per length: index of its first symbol minus its first code
	entry  []uint16   // per symbol, in the order of the codes
}

// slow finds a code longer than lookBits; 0 where there is none.
func (t *huffTable) slow(buf uint64) uint16 {
	top := uint32(buf >> 48)
	for n := lookBits + 1; n <= 16; n++ {
		if top < t.limit[n] {
			i := t.offset[n] + int(top>>(16-n))
			if i < 0 || i >= len(t.entry) {
				return 0
			}
			return t.entry[i]
		}
	}
	return 0
}

// readHuffman reads a DHT segment, which may hold several tables.
func (h *jpegHead) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 {
			return errors.New("Huffman table too short")
		}
		class, slot := body[0]>>4, body[0]&15
		total := 0
		for _, n := range body[1:17] {
			total += int(n)
		}
		if class > 1 || slot > 3 || total > 256 || len(body) < 17+total {
			return fmt.Errorf("bad Huffman table %#02x with %d codes", body[0], total)
		}
		t, err := newHuffTable(body[1:17], body[17:17+total], class == 1)
		if err != nil {
			return err
		}
		if class == 0 {
			h.dc[slot] = t
		} else {
			h.ac[slot] = t
		}
		body = body[17+total:]
	}
	return nil
}

func newHuffTable(counts, symbols []byte, ac bool) (*huffTable, error) {
	t := &huffTable{entry: make([]uint16, len(symbols))}
	code, next := uint32(0), 0
	for n := 1; n <= 16; n++ {
		t.offset[n] = next - int(code)
		for range counts[n-1] {
			if code >= 1<<n {
				return nil, errors.New("Huffman table with more codes than its lengths allow")
			}
			e := huffEntry(n, symbols[next], ac)
			t.entry[next] = e
			if n <= lookBits {
				span := uint32(1) << (lookBits - n)
				for i := range span {
					t.look[code<<(lookBits-n)+i] = e
				}
			}
			code++
			next++
		}
		t.limit[n] = code << (16 - n)
		code <<= 1
	}
	return t, nil
}

// huffEntry encodes what a symbol of n bits passes over; see huffTable.
func huffEntry(n int, symbol byte, ac bool) uint16 {
	if !ac {
		return uint16(n + int(symbol&15))
	}
	run, size := int(symbol>>4), int(symbol&15)
	switch {
	case size > 0:
		return uint16(run+1)<<8 | uint16(n+size)
	case run == 15:
		return 16<<8 | uint16(n)
	default: // end of block
		return uint16(n)
	}
}
