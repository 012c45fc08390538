package corpus

import (
	"bytes"
	"strings"
)

// textFiles is a split whose examples are members of a tree, one text each.
type textFiles struct {
	tree  tree
	base  string // in front of every member's name, left out of IDs
	split string
	refs  []textRef
}

func (t *textFiles) len() int          { return len(t.refs) }
func (t *textFiles) counted() bool     { return false }
func (t *textFiles) splitName() string { return t.split }
func (t *textFiles) close() error      { return nil } // the tree is the corpus's

func (t *textFiles) exampleID(i int) string {
	return strings.TrimPrefix(t.tree.members()[t.refs[i].member], t.base)
}

func (t *textFiles) texts(i int) (text, pair string, err error) {
	b, err := t.tree.text(int(t.refs[i].member))
	return string(bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))), "", err
}
