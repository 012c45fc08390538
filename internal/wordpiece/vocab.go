package wordpiece

import (
	"fmt"
	"unicode/utf8"
)

// A vocabulary splits words into pieces and knows tokens by name and number.
type vocabulary struct {
	tokens   []string // by id: the model's tokens, then those added behind them
	size     int      // how many of them are the model's
	words    *trie    // the model's tokens; those that go on with a word, prefix included
	added    map[string]int32
	spelled  map[int32]string // how a decoder spells the added tokens sought in normalised text
	special  []bool           // by id: left out where a decoder skips special tokens
	unk      int32
	prefix   string // "##": marks a piece that goes on with a word
	next     uint32 // the trie's node behind prefix
	goesOn   bool   // whether there is such a node
	maxChars int    // a longer word is unknown as a whole
}

// newVocabulary takes the model's tokens by id.
func newVocabulary(tokens []string, unk, prefix string, maxChars int) (*vocabulary, error) {
	ids := make([]int32, len(tokens))
	for i, token := range tokens {
		ids[i] = int32(i)
		if !utf8.ValidString(token) {
			return nil, fmt.Errorf("token %d, %q, is not UTF-8", i, token)
		}
	}
	words, err := newTrie(tokens, ids)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{
		tokens:   tokens,
		size:     len(tokens),
		words:    words,
		special:  make([]bool, len(tokens)),
		prefix:   prefix,
		maxChars: maxChars,
	}
	v.next, v.goesOn = words.node(prefix)
	if v.unk = words.find(unk); v.unk < 0 {
		return nil, fmt.Errorf("no token %q among the %d", unk, len(tokens))
	}
	return v, nil
}

// id returns a token's number, or -1.
func (v *vocabulary) id(token string) int32 {
	if id, ok := v.added[token]; ok {
		return id
	}
	return v.words.find(token)
}

// A piece is a token and where in its word it lies.
type piece struct{ id, from, to int32 }

// split appends the pieces of a word, placed by its bytes: the longest token that begins it, then the
// longest that begins what is left, and so on; where one of them is missing, or
// the word is too long, the whole word is unknown.
// Source: Schuster & Nakajima 2012; the greedy search is BERT's (Devlin et al. 2018).
func (v *vocabulary) split(dst []piece, word []byte) []piece {
	start := len(dst)
	if len(word) > v.maxChars && utf8.RuneCount(word) > v.maxChars {
		return append(dst, piece{v.unk, 0, int32(len(word))})
	}
	node := uint32(0)
	for at := 0; at < len(word); node = v.next {
		n, id := longest(v.words, node, word[at:])
		if n == 0 || at > 0 && !v.goesOn {
			return append(dst[:start], piece{v.unk, 0, int32(len(word))})
		}
		dst = append(dst, piece{id, int32(at), int32(at + n)})
		at += n
	}
	return dst
}
