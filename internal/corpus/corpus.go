// Package corpus reads labelled text from disk: folders of .txt files by class,
// archives of such, and tables in CSV, TSV or JSON lines.
//
// Open looks at everything once, so that what is wrong with the data is said
// before the first training step; Example then reads one example, from any
// goroutine. In memory stays where each example lies, some 7 bytes a row or the
// names of the files, and never the texts, save for what was compressed as one
// stream: see Options.SpoolLimit.
package corpus

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gotune/gotune/internal/column"
)

// Corpus is labelled text. Its methods may be called from any goroutine.
type Corpus struct {
	path    string
	classes []string
	labels  column.Ints // a number for each label value, or NoLabel
	class   []int32     // of each such number
	sources []source
	starts  []int // first example of each source
	tree    tree  // nil for a table that is a file of its own

	open sync.RWMutex // held for reading by reads, for writing by Close
	done bool         // closed; under open

	mu   sync.Mutex
	rep  Report
	seen map[int]bool // replaced or empty texts, counted when first read
}

// Example is a text, or a pair of texts, and its class.
type Example struct {
	Text, Pair string // valid UTF-8; Pair is "" where there is none
	Label      int    // index into Classes, or NoLabel
	ID         string // "reviews.csv:17", "train/pos/3_7.txt"
}

// source is what the examples of one split are read from.
type source interface {
	len() int
	exampleID(i int) string
	texts(i int) (text, pair string, err error) // possibly invalid UTF-8
	counted() bool                              // its texts are in the Report since Open
	close() error
	splitName() string
}

// Len returns the number of examples.
func (c *Corpus) Len() int { return c.labels.Len() }

// Classes returns Options.Labels, or else the labels found: sorted, numerically
// if all are integers.
func (c *Corpus) Classes() []string { return slices.Clone(c.classes) }

// Columns returns those that were taken of a table, of the first where there are
// several; none, where the texts are files.
func (c *Corpus) Columns() Columns {
	for _, s := range c.sources {
		if t, ok := s.(*table); ok {
			return t.cols.chosen()
		}
	}
	return Columns{}
}

// Label returns the class of example i, or NoLabel. It reads nothing.
func (c *Corpus) Label(i int) int {
	if n := c.labels.At(i); n != NoLabel {
		return int(c.class[n])
	}
	return NoLabel
}

// ID names the file and line of example i for messages. It reads nothing.
func (c *Corpus) ID(i int) string {
	s, k := c.locate(i)
	return s.exampleID(k)
}

// IsPair tells whether example i has two texts, though the second may be empty.
// It reads nothing.
func (c *Corpus) IsPair(i int) bool {
	s, _ := c.locate(i)
	t, ok := s.(*table)
	return ok && t.cols.pair != none
}

// Example reads example i, 0 ≤ i < Len().
func (c *Corpus) Example(i int) (Example, error) {
	c.open.RLock()
	defer c.open.RUnlock()
	if c.done {
		return Example{}, ErrClosed
	}
	s, k := c.locate(i)
	text, pair, err := s.texts(k)
	if err != nil {
		return Example{}, err
	}
	e := Example{Label: c.Label(i), ID: s.exampleID(k)}
	if !s.counted() {
		c.count(i, text)
	}
	e.Text = strings.ToValidUTF8(text, "\uFFFD")
	e.Pair = strings.ToValidUTF8(pair, "\uFFFD")
	return e, nil
}

func (c *Corpus) locate(i int) (s source, k int) {
	n := sort.SearchInts(c.starts, i+1) - 1
	return c.sources[n], i - c.starts[n]
}

// count notes once for each example what is worth reporting of its text.
func (c *Corpus) count(i int, text string) {
	invalid, blank := !utf8.ValidString(text), strings.TrimSpace(text) == ""
	if !invalid && !blank {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[i] {
		return
	}
	c.seen[i] = true
	if invalid {
		c.rep.replaced(c.ID(i))
	}
	if blank {
		c.rep.empty(c.ID(i))
	}
}

// Report returns what was counted so far.
func (c *Corpus) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rep
	r.BadRows, r.Columns, r.Notes, r.Unclear = slices.Clone(r.BadRows), slices.Clone(r.Columns), slices.Clone(r.Notes), slices.Clone(r.Unclear)
	return r
}

// Splits returns those of "train", "val" and "test" that the data names, in
// this order; nil where it names none.
func (c *Corpus) Splits() []string {
	var out []string
	for _, s := range c.sources {
		if s.splitName() != "" {
			out = append(out, s.splitName())
		}
	}
	return out
}

// InSplit tells whether example i is of a split; "" is all.
func (c *Corpus) InSplit(i int, split string) bool {
	s, _ := c.locate(i)
	return split == "" || s.splitName() == splitOf(split)
}

// Close frees what Open opened, the temporary file included, after the
// reads under way.
func (c *Corpus) Close() error {
	c.open.Lock()
	defer c.open.Unlock()
	if c.done {
		return nil
	}
	c.done = true
	return c.closeAll()
}

func (c *Corpus) closeAll() error {
	var errs []error
	for _, s := range c.sources {
		errs = append(errs, s.close())
	}
	if c.tree != nil {
		errs = append(errs, c.tree.close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close %s: %w", c.path, err)
	}
	return nil
}
