package wordpiece

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An addedToken is found in the text as it stands, before words are split:
// special tokens, and those a user added to the model's.
type addedToken struct {
	content    string
	id         int32
	singleWord bool // only where no word character stands beside it
	lstrip     bool // takes the white space before it along
	rstrip     bool // and that behind it
	normalized bool // sought in the normalised text, as it reads there itself
	special    bool
}

// An addedSet finds added tokens, the longest first where several begin.
type addedSet struct {
	chars  *chars
	tokens []addedToken
	trie   *trie     // pattern to index in tokens
	first  [256]bool // bytes that begin a pattern
	only   int       // the one such byte, or -1
}

// newAddedSet finds tokens[i] by patterns[i].
func newAddedSet(t *chars, tokens []addedToken, patterns []string) (*addedSet, error) {
	set := &addedSet{chars: t, tokens: tokens, only: -1}
	index := make([]int32, len(tokens))
	begin := ""
	by := make(map[string]string, len(tokens))
	for i, p := range patterns {
		if p == "" {
			return nil, fmt.Errorf("added token %q reads as nothing", tokens[i].content)
		}
		if other, taken := by[p]; taken {
			return nil, fmt.Errorf("added tokens %q and %q read alike", other, tokens[i].content)
		}
		by[p] = tokens[i].content
		index[i] = int32(i)
		if !set.first[p[0]] {
			begin += p[:1]
		}
		set.first[p[0]] = true
	}
	if len(begin) == 1 {
		set.only = int(begin[0])
	}
	var err error
	set.trie, err = newTrie(patterns, index)
	return set, err
}

// A cut is a part of a text: the added token id, or, with id -1, other text.
type cut struct {
	lo, hi int
	id     int32
}

// cut appends the parts of s. A match that singleWord rejects is passed over as
// a whole, shorter ones inside it included; white space that rstrip takes may be
// taken again by a token that begins with it. So does Hugging Face.
func (a *addedSet) cut(dst []cut, s string) []cut {
	start := 0
	for at := 0; ; {
		lo, n, token := a.next(s, at)
		if n == 0 {
			break
		}
		at = lo + n
		hi := at
		if token.singleWord && (a.wordBefore(s[:lo]) || a.wordBehind(s[hi:])) {
			continue
		}
		if token.lstrip {
			lo = max(len(strings.TrimRightFunc(s[:lo], a.isSpace)), start)
		}
		if token.rstrip {
			hi = len(s) - len(strings.TrimLeftFunc(s[hi:], a.isSpace))
		}
		if start < lo {
			dst = append(dst, cut{start, lo, -1})
		}
		dst = append(dst, cut{lo, hi, token.id})
		start = hi
	}
	if start < len(s) {
		dst = append(dst, cut{start, len(s), -1})
	}
	return dst
}

// next returns the first match in s[at:], of n bytes from lo; n is 0 for none.
func (a *addedSet) next(s string, at int) (lo, n int, token *addedToken) {
	for ; at < len(s); at++ {
		if a.only >= 0 {
			i := strings.IndexByte(s[at:], byte(a.only))
			if i < 0 {
				return 0, 0, nil
			}
			at += i
		} else if !a.first[s[at]] {
			continue
		}
		if n, i := longest(a.trie, 0, s[at:]); n > 0 {
			return at, n, &a.tokens[i]
		}
	}
	return 0, 0, nil
}

func (a *addedSet) isSpace(c rune) bool { return a.chars.of(c)&isSpace != 0 }

func (a *addedSet) wordBefore(s string) bool {
	c, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && a.chars.of(c)&isWord != 0
}

func (a *addedSet) wordBehind(s string) bool {
	c, n := utf8.DecodeRuneInString(s)
	return n > 0 && a.chars.of(c)&isWord != 0
}
