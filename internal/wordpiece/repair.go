package wordpiece

import (
	"strings"
	"unicode/utf8"
)

// repair replaces what is not UTF-8 in s by U+FFFD and returns how many bytes
// went. Like Python's errors="replace", and unlike strings.ToValidUTF8, it gives
// one U+FFFD for each maximal beginning of a character that breaks off, and one
// for each other byte: offsets count code points, so their number matters.
func repair(s string) (string, int) {
	if utf8.ValidString(s) {
		return s, 0
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	bad := 0
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && n == 1 {
			n = broken(s[i:])
			bad += n
		}
		b.WriteRune(c)
		i += n
	}
	return b.String(), bad
}

// broken returns the length of the longest beginning of s that could begin a
// character, at least 1. s begins with no whole one.
// Source: the Unicode Standard, table 3-7.
func broken(s string) int {
	lo, hi, want := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 2
	case c >= 0xE0 && c <= 0xEF:
		want = 3
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F // surrogates are no characters
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 4
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	n := 1
	for n < want && n < len(s) && s[n] >= lo && s[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}
