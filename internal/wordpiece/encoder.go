package wordpiece

import (
	"math"
	"sync"
	"unicode/utf8"
)

// An Encoder encodes for one goroutine at a time. It remembers the words it has
// met, in 1 MiB, and reuses its buffers: a worker should keep its own.
type Encoder struct {
	t        *Tokenizer
	cache    cache
	fold     folded
	pieces   []piece
	outer    []cut
	inner    []cut
	a, b     sequence
	replaced int
}

// Encoder returns a new encoder.
func (t *Tokenizer) Encoder() *Encoder { return &Encoder{t: t, cache: newCache()} }

// Encoders is a pool of *Encoder that all who use t share: a cache takes 1 MiB.
func (t *Tokenizer) Encoders() *sync.Pool { return &t.encoders }

// Replaced returns how many bytes of input, over all calls so far, were not
// UTF-8 and were read as U+FFFD.
func (e *Encoder) Replaced() int { return e.replaced }

// AppendIDs appends the ids that Encode gives, at most maxLen of them unless
// maxLen is 0. It knows no offsets, and allocates only to grow dst.
func (e *Encoder) AppendIDs(dst []int32, text string, maxLen int) []int32 {
	e.read(&e.a, text, maxLen, false)
	single := &e.t.template.single
	keep := room(len(e.a.ids), maxLen, 2)
	dst = append(dst, single.cls.id)
	dst = append(dst, e.a.ids[:keep]...)
	return append(dst, single.sep.id)
}

// AppendPairIDs appends the ids that EncodePair gives. The first firstLen of
// them are [CLS], a and [SEP]; those behind are b and [SEP]. FillTypeIDs tells
// their type ids.
func (e *Encoder) AppendPairIDs(dst []int32, a, b string, maxLen int) (ids []int32, firstLen int) {
	na, nb := e.readPair(a, b, maxLen, 3, false)
	pair := &e.t.template.pair
	dst = append(dst, pair.cls.id)
	dst = append(dst, e.a.ids[:na]...)
	dst = append(dst, pair.sep.id)
	dst = append(dst, e.b.ids[:nb]...)
	return append(dst, pair.end.id), na + 2
}

// FillTypeIDs sets the type ids of len(dst) tokens: what AppendPairIDs gave, with
// its firstLen, or where that is all of them, what AppendIDs gave.
func (t *Tokenizer) FillTypeIDs(dst []int64, firstLen int) {
	fill := func(dst []int64, typeID int32) {
		for i := range dst {
			dst[i] = int64(typeID)
		}
	}
	if last := len(dst) - 1; firstLen > last {
		one := &t.template.single
		fill(dst[:1], one.cls.typeID)
		fill(dst[1:last], one.a)
		fill(dst[last:], one.sep.typeID)
		return
	}
	two, last := &t.template.pair, len(dst)-1
	fill(dst[:1], two.cls.typeID)
	fill(dst[1:firstLen-1], two.a)
	fill(dst[firstLen-1:firstLen], two.sep.typeID)
	fill(dst[firstLen:last], two.b)
	fill(dst[last:], two.end.typeID)
}

// readPair tokenizes a into e.a and b into e.b and returns how many tokens of
// each to keep.
func (e *Encoder) readPair(a, b string, maxLen, special int, offsets bool) (na, nb int) {
	more := e.read(&e.a, a, maxLen, offsets)
	more = e.read(&e.b, b, maxLen, offsets) && more
	if more && (maxLen-special)%2 != 0 {
		// The odd token goes to the longer of two texts neither of which was
		// read to its end.
		bad := e.replaced
		e.read(&e.a, a, 0, offsets)
		e.read(&e.b, b, 0, offsets)
		e.replaced = bad
	}
	return longestFirst(len(e.a.ids), len(e.b.ids), maxLen, special)
}

// read tokenizes text into q. With a maxLen it stops once there are more tokens
// than that, and reports whether it did.
func (e *Encoder) read(q *sequence, text string, maxLen int, offsets bool) (more bool) {
	limit := math.MaxInt
	if maxLen > 0 && maxLen < limit {
		limit = maxLen + 1
	}
	q.reset(limit, offsets)
	text, bad := repair(text)
	e.replaced += bad

	e.outer = e.t.raw.cut(e.outer[:0], text)
	from, at := 0, int32(0) // text[from] is code point at
	for _, c := range e.outer {
		if offsets {
			at += int32(utf8.RuneCountInString(text[from:c.lo]))
			from = c.lo
		}
		part := text[c.lo:c.hi]
		if c.id >= 0 {
			q.add(c.id, at, at+int32(utf8.RuneCountInString(part)))
		} else {
			e.part(q, part, at)
		}
		if q.full() {
			return true
		}
	}
	return false
}

// part appends the tokens of a text between added tokens, whose first code
// point is the at-th of the whole.
func (e *Encoder) part(q *sequence, s string, at int32) {
	if e.t.normalized == nil {
		e.plain(q, s, at)
		return
	}
	e.fold.fold(e.t.chars, e.t.rules, s)
	e.inner = e.t.normalized.cut(e.inner[:0], string(e.fold.text))
	for _, c := range e.inner {
		if c.id >= 0 {
			q.add(c.id, at+e.fold.from[c.lo], at+e.fold.from[c.hi-1]+1)
		} else {
			e.words(q, c.lo, c.hi, at)
		}
		if q.full() {
			return
		}
	}
}
