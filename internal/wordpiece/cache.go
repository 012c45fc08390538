package wordpiece

import "math/bits"

const (
	cacheSlots = 1 << 14 // of 64 bytes: 1 MiB a worker
	keyBytes   = 31      // longer words are split anew each time
	keyPieces  = 5       // and so are words of more pieces
)

// A key is a word of up to keyBytes bytes, padded with zeros; its last byte is
// the length.
type key [4]uint64

// An entry remembers a word's pieces; it fills one cache line. The empty entry
// has key zero, which no word has.
type entry struct {
	key  key
	ids  [keyPieces]int32
	span [keyPieces][2]uint8 // code points of the source, from the word's start
	n    uint8
	_    uint8
}

// A cache of words whose place is given by their hash; a newcomer takes the
// place of who was there. It is for one goroutine.
type cache []entry

func newCache() cache { return make(cache, cacheSlots) }

// slot returns the place for k.
func (c cache) slot(k *key) *entry {
	hi, lo := bits.Mul64(k[0]^k[2]^0x9E3779B97F4A7C15, k[1]^k[3]^0xD1B54A32D192ED03)
	h := (hi ^ lo) * 0xff51afd7ed558ccd
	return &c[h>>(64-14)&(cacheSlots-1)]
}

// fill makes e the entry of k, unless there are too many pieces.
func (e *entry) fill(k key, pieces []piece) bool {
	if len(pieces) > keyPieces {
		return false
	}
	e.key, e.n = k, uint8(len(pieces))
	for i, p := range pieces {
		e.ids[i] = p.id
		e.span[i] = [2]uint8{uint8(p.from), uint8(p.to)} // keyBytes at most
	}
	return true
}

// addTo appends the pieces of a word that begins at the at-th code point.
func (e *entry) addTo(q *sequence, at int32) {
	n := int(e.n)
	q.ids = append(q.ids, e.ids[:n]...)
	if q.offsets {
		for _, span := range e.span[:n] {
			q.spans = append(q.spans, [2]int32{at + int32(span[0]), at + int32(span[1])})
		}
	}
}

// load returns the up to eight bytes s[i:i+n], the first lowest.
func load(s string, i, n int) uint64 {
	if i+8 <= len(s) {
		b := s[i : i+8]
		x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		return x & (^uint64(0) >> (64 - 8*uint(n)))
	}
	var x uint64
	for k := n - 1; k >= 0; k-- {
		x = x<<8 | uint64(s[i+k])
	}
	return x
}

// lowered returns x with its bytes A to Z in lower case. All must be ASCII.
func lowered(x uint64) uint64 {
	const ones = 0x0101010101010101
	fromA := x + (0x80-'A')*ones   // bit 7 of each byte: at least A
	pastZ := x + (0x80-'Z'-1)*ones // bit 7 of each byte: past Z
	upper := (fromA ^ pastZ) & (0x80 * ones)
	return x | upper>>2
}

// keyOf returns the key of s[i:j], at most keyBytes long, in lower case where
// low is set; then it must be ASCII.
func keyOf(s string, i, j int, low bool) (k key) {
	n := j - i
	for w := 0; i < j; w++ {
		x := load(s, i, min(j-i, 8))
		if low {
			x = lowered(x)
		}
		k[w] = x
		i += 8
	}
	k[3] |= uint64(n) << 56
	return k
}
