package wordpiece

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// Properties of a code point, as Hugging Face's tokenizer sees it.
const (
	isControl uint8 = 1 << iota // dropped by clean_text
	isSpace
	isPunct   // a word of its own
	isChinese // set apart by handle_chinese_chars
	isMark    // dropped by strip_accents
	isWord    // \w
	hasLower  // another letter in lower case
	hasCanon  // decomposes, or has a combining class: order may change
)

// Hangul syllables decompose by arithmetic (Unicode 15, section 3.12).
const (
	hangulFirst, hangulLast = 0xAC00, 0xD7A3
	jamoL, jamoV, jamoT     = 0x1100, 0x1161, 0x11A7
	countV, countT          = 21, 28
)

// chars answers for every code point what the normaliser and the splitter ask.
type chars struct {
	page  [0x110000 >> 8]uint16
	flags [][256]uint8 // flags[0] is the empty page
	class map[rune]uint8
	canon map[rune][]rune
	lower map[rune]rune
}

// of returns c's properties. c must be at most U+10FFFF.
func (t *chars) of(c rune) uint8 { return t.flags[t.page[c>>8]][c&0xFF] }

//go:embed unicode.txt
var unicodeText string

// table reads unicode.txt, once.
var table = sync.OnceValues(func() (*chars, error) { return readChars(unicodeText) })

func readChars(text string) (*chars, error) {
	t := &chars{
		flags: make([][256]uint8, 1, 1200),
		class: make(map[rune]uint8, 1024),
		canon: make(map[rune][]rune, 2200),
		lower: make(map[rune]rune, 1600),
	}
	section := ""
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if line == "" {
			continue
		}
		if line[0] == '[' {
			section = strings.Trim(line, "[] ")
			continue
		}
		if err := t.readLine(section, strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("unicode.txt: section %s: line %q: %w", section, line, err)
		}
	}
	t.mark(hangulFirst, hangulLast, hasCanon)
	return t, nil
}

func (t *chars) readLine(section, line string) error {
	first, line, _ := strings.Cut(line, " ")
	last, rest, _ := strings.Cut(line, " ")
	lo, err := strconv.ParseUint(first, 16, 21)
	if err != nil {
		return err
	}
	hi, err := strconv.ParseUint(last, 16, 21)
	if err != nil {
		return err
	}
	lo32, hi32 := rune(lo), rune(hi)
	switch section {
	case "control":
		t.mark(lo32, hi32, isControl)
	case "space":
		t.mark(lo32, hi32, isSpace)
	case "punct":
		t.mark(lo32, hi32, isPunct)
	case "chinese":
		t.mark(lo32, hi32, isChinese)
	case "mark":
		t.mark(lo32, hi32, isMark)
	case "word":
		t.mark(lo32, hi32, isWord)
	case "class":
		t.mark(lo32, hi32, hasCanon)
		n, err := strconv.ParseUint(rest, 10, 8)
		if err != nil {
			return err
		}
		for c := lo32; c <= hi32; c++ {
			t.class[c] = uint8(n)
		}
	case "lower":
		t.mark(lo32, hi32, hasLower)
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		for c := lo32; c <= hi32; c++ {
			t.lower[c] = c + rune(n)
		}
	case "decompose":
		t.mark(lo32, hi32, hasCanon)
		var to []rune
		for f := range strings.FieldsSeq(rest) {
			n, err := strconv.ParseUint(f, 16, 21)
			if err != nil {
				return err
			}
			to = append(to, rune(n))
		}
		t.canon[lo32] = to
	default:
		return fmt.Errorf("unknown section")
	}
	return nil
}

func (t *chars) mark(lo, hi rune, flag uint8) {
	for c := lo; c <= hi; c++ {
		p := t.page[c>>8]
		if p == 0 {
			p = uint16(len(t.flags))
			t.flags = append(t.flags, [256]uint8{})
			t.page[c>>8] = p
		}
		t.flags[p][c&0xFF] |= flag
	}
}
