package wordpiece

import "unicode/utf8"

// A sequence is one text's tokens, before the special ones.
type sequence struct {
	ids     []int32
	spans   [][2]int32 // code points of the text, as long as ids where wanted
	limit   int        // stop behind the word that brings so many or more
	offsets bool       // whether spans are wanted
}

func (q *sequence) reset(limit int, offsets bool) {
	q.ids, q.spans, q.limit, q.offsets = q.ids[:0], q.spans[:0], limit, offsets
}

func (q *sequence) add(id, from, to int32) {
	q.ids = append(q.ids, id)
	if q.offsets {
		q.spans = append(q.spans, [2]int32{from, to})
	}
}

func (q *sequence) full() bool { return len(q.ids) >= q.limit }

// What an ASCII character is where no other stands beside it. From asciiOdd on,
// the general way must be taken.
const (
	asciiSpace uint8 = iota
	asciiPunct
	asciiWord
	asciiOdd // not ASCII, or dropped
)

// asciiClasses tabulates the first 256 byte values.
func asciiClasses(t *chars, r rules) (class [256]uint8) {
	for c := range class {
		flags := t.of(rune(c))
		switch {
		case c >= utf8.RuneSelf, r.clean && flags&isControl != 0:
			class[c] = asciiOdd
		case flags&isSpace != 0:
			class[c] = asciiSpace
		case flags&isPunct != 0:
			class[c] = asciiPunct
		default:
			class[c] = asciiWord
		}
	}
	return class
}

// plain appends the tokens of s, in which no added tokens are sought. The first
// code point of s is the base-th of the text. It goes from word to word: a word
// of ASCII letters is looked up in the cache as it stands; one that has other
// characters in it is normalised on its own, which gives what normalising the
// whole text gives, because no mark moves across an ASCII character.
func (e *Encoder) plain(q *sequence, s string, base int32) {
	class := &e.t.ascii
	for i := 0; i < len(s); {
		switch class[s[i]] {
		case asciiSpace:
			i++
			continue
		case asciiPunct:
			at := int32(i) + base
			q.add(e.t.punct[s[i]], at, at+1)
			i++
		default:
			j := i
			for j < len(s) && class[s[j]] == asciiWord {
				j++
			}
			if j == len(s) || class[s[j]] != asciiOdd {
				e.letters(q, s, i, j, int32(i)+base)
			} else {
				var count int
				j, count = e.t.wordEnd(s, i, j)
				e.mixed(q, s, i, j, int32(i)+base)
				base -= int32(j - i - count)
			}
			i = j
		}
		if q.full() {
			return
		}
	}
}

// wordEnd returns the end of the word that begins at s[i] and reaches at least
// to s[j], and the code points in it. Where a character that is a word of its
// own begins it, that is all of it.
func (t *Tokenizer) wordEnd(s string, i, j int) (end, count int) {
	count = j - i
	for j < len(s) {
		if c := s[j]; c < utf8.RuneSelf {
			if k := t.ascii[c]; k == asciiSpace || k == asciiPunct {
				break
			}
			j, count = j+1, count+1
			continue
		}
		c, n := utf8.DecodeRuneInString(s[j:])
		if t.alone(c) {
			if j == i {
				return j + n, 1
			}
			break
		}
		j, count = j+n, count+1
	}
	return j, count
}

// alone reports whether c parts the words around it, whatever they are.
func (t *Tokenizer) alone(c rune) bool {
	flags := t.chars.of(c)
	if t.rules.clean && flags&isControl != 0 {
		return false
	}
	return flags&(isSpace|isPunct) != 0 || t.rules.chinese && flags&isChinese != 0
}

// letters appends the pieces of the word s[i:j], all ASCII letters, digits and
// the like. Its first is the at-th code point of the text.
func (e *Encoder) letters(q *sequence, s string, i, j int, at int32) {
	if j-i > keyBytes {
		e.splitLetters(s[i:j])
		q.addPieces(e.pieces, at)
		return
	}
	k := keyOf(s, i, j, e.t.rules.lower)
	slot := e.cache.slot(&k)
	if slot.key != k {
		e.splitLetters(s[i:j])
		if !slot.fill(k, e.pieces) {
			q.addPieces(e.pieces, at)
			return
		}
	}
	slot.addTo(q, at)
}

func (e *Encoder) splitLetters(s string) {
	e.fold.text = append(e.fold.text[:0], s...)
	if e.t.rules.lower {
		for i, c := range e.fold.text {
			if c >= 'A' && c <= 'Z' {
				e.fold.text[i] = c + 'a' - 'A'
			}
		}
	}
	e.pieces = e.t.vocab.split(e.pieces[:0], e.fold.text)
}

// mixed appends the pieces of s[i:j], whatever is in it. Its key keeps its
// case, so that no two ways to write a word share an entry's spans.
func (e *Encoder) mixed(q *sequence, s string, i, j int, at int32) {
	fits := j-i <= keyBytes
	var k key
	var slot *entry
	if fits {
		k = keyOf(s, i, j, false)
		slot = e.cache.slot(&k)
		if slot.key == k {
			slot.addTo(q, at)
			return
		}
	}
	e.fold.fold(e.t.chars, e.t.rules, s[i:j])
	// A decomposition can hold a mark that parts words: then there are several.
	if count, all := e.words(q, 0, len(e.fold.text), at); count <= 1 && all && fits {
		slot.fill(k, e.pieces)
	}
}

// words appends the pieces of the words in e.fold.text[lo:hi], whose code
// points are counted from the at-th of the text. It returns how many words it
// took and whether it took all; e.pieces holds the last one's.
func (e *Encoder) words(q *sequence, lo, hi int, at int32) (count int, all bool) {
	e.pieces = e.pieces[:0]
	text := e.fold.text
	for lo < hi {
		c, n := utf8.DecodeRune(text[lo:hi])
		end := lo + n
		switch flags := e.t.chars.of(c); {
		case flags&isSpace != 0:
			lo = end
			continue
		case flags&isPunct == 0:
			for end < hi {
				c, n := utf8.DecodeRune(text[end:hi])
				if e.t.chars.of(c)&(isSpace|isPunct) != 0 {
					break
				}
				end += n
			}
		}
		e.pieces = e.t.vocab.split(e.pieces[:0], text[lo:end])
		for i, p := range e.pieces {
			e.pieces[i].from = e.fold.from[lo+int(p.from)]
			e.pieces[i].to = e.fold.from[lo+int(p.to)-1] + 1
		}
		q.addPieces(e.pieces, at)
		count++
		if q.full() {
			return count, false
		}
		lo = end
	}
	return count, true
}

func (q *sequence) addPieces(pieces []piece, at int32) {
	for _, p := range pieces {
		q.add(p.id, at+p.from, at+p.to)
	}
}
