package wordpiece

import (
	"slices"
	"unicode/utf8"
)

// rules say what the normaliser does: the four switches of Hugging Face's
// BertNormalizer.
type rules struct {
	clean   bool // drop control characters, make all white space ' '
	chinese bool // set each ideograph apart by spaces
	strip   bool // decompose and drop the accents
	lower   bool
}

// folded is a text after normalisation: what the vocabulary is asked about.
type folded struct {
	text []byte
	from []int32 // for each byte of text, the code point of the source it stands for

	// While accents are stripped, the marks behind a letter wait for the next
	// letter, to be put into canonical order.
	group []waiting
	heads []int32 // sources of those in group that begin a source's decomposition
	last  int32   // source of the last head written
}

type waiting struct {
	c     rune
	class uint8
	head  bool
}

// fold normalises s in the order that BERT prescribes: clean, ideographs,
// accents, case.
func (f *folded) fold(t *chars, r rules, s string) {
	f.text, f.from, f.last = f.text[:0], f.from[:0], 0
	at := int32(0)
	for _, c := range s {
		flags := t.of(c)
		switch {
		case r.clean && flags&isControl != 0:
		case r.clean && flags&isSpace != 0:
			f.put(t, r, ' ', at)
		case r.chinese && flags&isChinese != 0:
			f.put(t, r, ' ', at)
			f.put(t, r, c, at)
			f.put(t, r, ' ', at)
		default:
			f.put(t, r, c, at)
		}
		at++
	}
	f.flush(t, r)
}

// put passes c through canonical decomposition, where accents are stripped.
func (f *folded) put(t *chars, r rules, c rune, at int32) {
	switch {
	case !r.strip:
		f.write(t, r, c, at)
	case t.of(c)&hasCanon == 0:
		f.wait(t, r, c, 0, at)
	case c >= hangulFirst && c <= hangulLast:
		n := c - hangulFirst
		f.wait(t, r, jamoL+n/(countV*countT), 0, at)
		f.wait(t, r, jamoV+n%(countV*countT)/countT, 0, -1)
		if n%countT > 0 {
			f.wait(t, r, jamoT+n%countT, 0, -1)
		}
	case t.canon[c] != nil:
		for _, d := range t.canon[c] {
			f.wait(t, r, d, t.class[d], at)
			at = -1
		}
	default:
		f.wait(t, r, c, t.class[c], at)
	}
}

// wait adds c to the group, after writing the group out if c begins another. at
// is c's source, -1 where c goes on with the decomposition before it.
func (f *folded) wait(t *chars, r rules, c rune, class uint8, at int32) {
	if class == 0 && len(f.group) > 0 {
		f.flush(t, r)
	}
	if at >= 0 {
		f.heads = append(f.heads, at)
	}
	f.group = append(f.group, waiting{c, class, at >= 0})
}

// flush writes the group in canonical order. Sources are dealt out by place,
// not by character: when marks change places, the first to be written takes the
// source of the first that was read. Hugging Face does so, and offsets follow.
func (f *folded) flush(t *chars, r rules) {
	if len(f.group) > 2 {
		slices.SortStableFunc(f.group, func(a, b waiting) int { return int(a.class) - int(b.class) })
	} else if len(f.group) == 2 && f.group[0].class > f.group[1].class {
		f.group[0], f.group[1] = f.group[1], f.group[0]
	}
	heads := f.heads
	for _, w := range f.group {
		if w.head {
			f.last, heads = heads[0], heads[1:]
		}
		if t.of(w.c)&isMark == 0 {
			f.write(t, r, w.c, f.last)
		}
	}
	f.group, f.heads = f.group[:0], f.heads[:0]
}

func (f *folded) write(t *chars, r rules, c rune, at int32) {
	if r.lower && t.of(c)&hasLower != 0 {
		if c == 'İ' { // the one letter whose lower case is two
			f.append('i', at)
			f.append('\u0307', at)
			return
		}
		c = t.lower[c]
	}
	f.append(c, at)
}

func (f *folded) append(c rune, at int32) {
	f.text = utf8.AppendRune(f.text, c)
	for len(f.from) < len(f.text) {
		f.from = append(f.from, at)
	}
}
