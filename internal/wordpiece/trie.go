package wordpiece

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// A trie holds strings with a number each and finds the longest that begins
// another string in one pass over it, where trying every length against a map
// costs the square of a word's length.
//
// Nodes are numbered breadth first, so that the children of node n are the
// nodes first[n] to first[n+1]-1, each reached by its label. Node 0 is the root.
type trie struct {
	first []uint32
	label []byte
	value []int32 // -1 where no string ends
}

// newTrie maps words[i] to values[i]. A word that is there twice is an error.
func newTrie(words []string, values []int32) (*trie, error) {
	order := sorted(words)
	size := 1
	for i, at := range order {
		if i > 0 && words[at] == words[order[i-1]] {
			return nil, fmt.Errorf("token %q is there twice, as %d and %d", words[at], values[order[i-1]], values[at])
		}
		size += len(words[at])
	}

	// A node stands for the words order[lo:hi], which share their first depth bytes.
	type node struct{ lo, hi, depth int32 }
	guess := size / 2 // words share their beginnings
	t := &trie{
		first: make([]uint32, 0, guess),
		label: append(make([]byte, 0, guess), 0),
		value: make([]int32, 0, guess),
	}
	queue := append(make([]node, 0, guess), node{0, int32(len(order)), 0})
	for q := 0; q < len(queue); q++ {
		n := queue[q]
		t.first = append(t.first, uint32(len(queue)))
		value := int32(-1)
		if n.lo < n.hi && len(words[order[n.lo]]) == int(n.depth) {
			value = values[order[n.lo]]
			n.lo++
		}
		t.value = append(t.value, value)
		for n.lo < n.hi {
			c := words[order[n.lo]][n.depth]
			end := n.lo + 1
			for end < n.hi && words[order[end]][n.depth] == c {
				end++
			}
			t.label = append(t.label, c)
			queue = append(queue, node{n.lo, end, n.depth + 1})
			n.lo = end
		}
	}
	t.first = append(t.first, uint32(len(queue)))
	return t, nil
}

// sorted returns the numbers of words in the words' order, equal ones in their
// own.
func sorted(words []string) []int32 {
	// Most are told apart by eight bytes, compared at once.
	type ranked struct {
		head uint64
		i    int32
	}
	byHead := make([]ranked, len(words))
	for i, w := range words {
		var head [8]byte
		copy(head[:], w)
		byHead[i] = ranked{binary.BigEndian.Uint64(head[:]), int32(i)}
	}
	slices.SortFunc(byHead, func(a, b ranked) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(strings.Compare(words[a.i], words[b.i]), cmp.Compare(a.i, b.i))
	})
	order := make([]int32, len(words))
	for k, r := range byHead {
		order[k] = r.i
	}
	return order
}

func (t *trie) child(n uint32, c byte) (uint32, bool) {
	lo := t.first[n]
	i := bytes.IndexByte(t.label[lo:t.first[n+1]], c)
	return lo + uint32(i), i >= 0
}

// node returns the node that s leads to from the root.
func (t *trie) node(s string) (n uint32, ok bool) {
	for i := range len(s) {
		if n, ok = t.child(n, s[i]); !ok {
			return 0, false
		}
	}
	return n, true
}

// find returns the value of s, or -1.
func (t *trie) find(s string) int32 {
	if n, ok := t.node(s); ok {
		return t.value[n]
	}
	return -1
}

// longest returns the length and value of the longest beginning of s, at least
// one byte long, that leads from node n to a word's end; 0 and -1 for none.
func longest[S string | []byte](t *trie, n uint32, s S) (length int, value int32) {
	value = -1
	for i := range len(s) {
		next, ok := t.child(n, s[i])
		if !ok {
			break
		}
		n = next
		if v := t.value[n]; v >= 0 {
			length, value = i+1, v
		}
	}
	return length, value
}
