package text

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/gotune/gotune/internal/column"
	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/internal/plural"
)

// DataOptions say how labelled text is read. The zero value finds format,
// columns and classes by itself and truncates at 512 tokens.
type DataOptions struct {
	TextColumn, PairColumn, LabelColumn string   // by name or 1-based number; "": found
	Trained                             Columns  // of the data that a model was trained on: taken where the three above name none and a table has them; Notes tell of the others
	Labels                              []string // fix the classes and their order
	Split                               string   // "train", "val" or "test" of a set that has them; "": all
	Unlabelled                          bool     // examples without a label are fine; their label is -1, as is that of test examples beside other splits
	MaxLength                           int      // tokens, the special ones included; 0: 512
	PadToMax                            bool     // pad every batch to MaxLength: the same result, more work
}

// Columns are columns of a table by name, or by 1-based number where it has no names;
// "" is none.
type Columns struct{ Text, Pair, Label string }

// Dataset is labelled text and the tokenizer that turns it into batches. It is
// safe for use by many goroutines.
type Dataset struct {
	corpus source
	tok    *Tokenizer
	rows   *column.Ints // of the corpus
	opts   DataOptions
	pool   *sync.Pool // of *Encoder, with its cache of words
}

// source is where examples come from: a *corpus.Corpus, or texts in memory.
type source interface {
	Len() int
	Label(i int) int
	Classes() []string
	IsPair(i int) bool // also where the second text is empty
	Example(i int) (corpus.Example, error)
	Close() error
}

// OpenDataset opens path: a folder of class folders, such as aclImdb, or an
// archive of one, or a CSV, TSV or JSONL file, each also gzipped. Text stays on
// disk until it is asked for.
func OpenDataset(path string, tok *Tokenizer, o DataOptions) (*Dataset, error) {
	if err := o.checkLength(); err != nil {
		return nil, err
	}
	c, err := corpus.Open(path, corpus.Options{
		TextColumn: o.TextColumn, PairColumn: o.PairColumn, LabelColumn: o.LabelColumn,
		Trained: corpus.Columns(o.Trained), Labels: o.Labels, Split: o.Split, LabelsOptional: o.Unlabelled,
	})
	if err != nil {
		return nil, err
	}
	return newDataset(c, tok, o), nil
}

func (o DataOptions) checkLength() error {
	if o.MaxLength != 0 && o.MaxLength < 3 {
		return fmt.Errorf("--max-length: %d, want 3 or more: two are special tokens", o.MaxLength)
	}
	return nil
}

func newDataset(src source, tok *Tokenizer, o DataOptions) *Dataset {
	if o.MaxLength == 0 {
		o.MaxLength = 512
	}
	d := &Dataset{corpus: src, tok: tok, opts: o, rows: new(column.Ints), pool: tok.Encoders()}
	for i := range src.Len() {
		d.rows.Append(i)
	}
	return d
}

// Len returns the number of examples.
func (d *Dataset) Len() int { return d.rows.Len() }

// Classes returns the labels, in the order of the logits.
func (d *Dataset) Classes() []string { return d.corpus.Classes() }

// Labels returns each example's class.
func (d *Dataset) Labels() []int {
	return slices.AppendSeq(make([]int, 0, d.Len()), d.labels())
}

func (d *Dataset) labels() iter.Seq[int] {
	return func(yield func(int) bool) {
		for r := range d.rows.Values() {
			if !yield(d.corpus.Label(r)) {
				return
			}
		}
	}
}

// Notes tell which columns of a table were taken, and what was found beside good
// examples: replaced bytes, empty texts, files left out.
func (d *Dataset) Notes() []string {
	c, ok := d.corpus.(*corpus.Corpus)
	if !ok {
		return nil
	}
	r := c.Report()
	notes := append(slices.Clone(r.Columns), r.Notes...)
	if r.Replaced > 0 {
		notes = append(notes, fmt.Sprintf("%s with invalid UTF-8, replaced by U+FFFD; the first: %s", plural.Of(r.Replaced, "examples"), r.FirstReplaced))
	}
	if r.Empty > 0 {
		notes = append(notes, fmt.Sprintf("%s with no text; the first: %s", plural.Of(r.Empty, "examples"), r.FirstEmpty))
	}
	return notes
}

// Unclear tells of each table of which no label was taken, though some column may be
// it: with Unlabelled that is no error.
func (d *Dataset) Unclear() []string {
	if c, ok := d.corpus.(*corpus.Corpus); ok {
		return c.Report().Unclear
	}
	return nil
}

// IsPair tells whether the i-th example has two texts, though the second may be
// empty. It reads nothing.
func (d *Dataset) IsPair(i int) bool { return d.corpus.IsPair(d.rows.At(i)) }

// Columns returns those that were taken of a table, of the first where there are
// several; none, where the texts are files or in memory.
func (d *Dataset) Columns() Columns {
	if c, ok := d.corpus.(*corpus.Corpus); ok {
		return Columns(c.Columns())
	}
	return Columns{}
}

// CheckTrainable reports an example without a label, a class without examples, and
// one class alone.
func (d *Dataset) CheckTrainable() error {
	switch c := d.corpus.(type) {
	case *corpus.Corpus:
		return c.CheckTrainable(d.rows.Values())
	case memory:
		return corpus.CheckTrainable("texts in memory", c.classes, c.Label, c.name, d.rows.Values())
	}
	return nil
}

// Close closes the files. Parts made by Split and Limit share them.
func (d *Dataset) Close() error { return d.corpus.Close() }

// Select returns the examples of these indices, in this order.
func (d *Dataset) Select(indices []int) *Dataset { return d.pick(slices.Values(indices)) }

func (d *Dataset) pick(indices iter.Seq[int]) *Dataset {
	part := *d
	part.rows = new(column.Ints)
	for i := range indices {
		part.rows.Append(d.rows.At(i))
	}
	return &part
}

// Split divides the examples into training and validation, each class in the
// same proportion. The same seed gives the same split.
func (d *Dataset) Split(fraction float64, seed uint64) (training, validation *Dataset, err error) {
	a, b, err := corpus.Split(column.Collect(d.labels()), fraction, seed)
	if err != nil {
		return nil, nil, corpus.NameClass(err, d.Classes())
	}
	return d.pick(a.Values()), d.pick(b.Values()), nil
}

// Limit returns n examples after a seeded shuffle, or all where there are fewer.
func (d *Dataset) Limit(n int, seed uint64) *Dataset {
	return d.Select(corpus.Subsample(d.Len(), n, seed))
}

// Text returns the i-th example's texts; pair is "" where there is one.
func (d *Dataset) Text(i int) (text, pair string, err error) {
	e, err := d.corpus.Example(d.rows.At(i))
	return e.Text, e.Pair, err
}

// Batch tokenizes the examples of these indices and pads them to the longest.
func (d *Dataset) Batch(ctx context.Context, epoch int, indices []int) (*Batch, error) {
	rows := make([]row, len(indices))
	enc := d.pool.Get().(*Encoder)
	defer d.pool.Put(enc)
	for i, j := range indices {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := d.rows.At(j)
		e, err := d.corpus.Example(r)
		if err != nil {
			return nil, err
		}
		rows[i] = row{label: e.Label, name: e.ID}
		rows[i].ids, rows[i].firstLen = d.encode(enc, nil, r, e, d.opts.MaxLength)
	}
	padTo := 0
	if d.opts.PadToMax {
		padTo = d.opts.MaxLength
	}
	return collate(rows, d.tok, padTo, epoch), nil
}

// encode appends the tokens of e, the corpus's example of that row, at most
// maxLength with the special ones; 0: all. first counts those of the first text.
func (d *Dataset) encode(enc *Encoder, ids []int32, row int, e corpus.Example, maxLength int) (all []int32, first int) {
	if d.corpus.IsPair(row) {
		return enc.AppendPairIDs(ids, e.Text, e.Pair, maxLength)
	}
	all = enc.AppendIDs(ids, e.Text, maxLength)
	return all, len(all)
}

// Epochs yields the batches of so many passes, each in its own seeded order,
// tokenized ahead by a worker per core.
func (d *Dataset) Epochs(ctx context.Context, epochs, batch int, seed uint64) iter.Seq2[*Batch, error] {
	return loader.Epochs[*Batch](ctx, d, epochs, batch, seed)
}

// ByLength returns the examples' indices ordered by the size of their text: an
// evaluation in this order pads little.
func (d *Dataset) ByLength() ([]int, error) {
	size := make([]int, d.Len())
	order := make([]int, d.Len())
	for i := range order {
		text, pair, err := d.Text(i)
		if err != nil {
			return nil, err
		}
		order[i], size[i] = i, len(text)+len(pair)
	}
	slices.SortStableFunc(order, func(a, b int) int { return size[a] - size[b] })
	return order, nil
}

// Fingerprint is a SHA-256 over the examples and their labels, in order: two
// data sets with the same one give the same run.
func (d *Dataset) Fingerprint() (string, error) {
	h := sha256.New()
	for r := range d.rows.Values() {
		e, err := d.corpus.Example(r)
		if err != nil {
			return "", err
		}
		var sizes [12]byte
		binary.LittleEndian.PutUint32(sizes[0:], uint32(len(e.Text)))
		binary.LittleEndian.PutUint32(sizes[4:], uint32(len(e.Pair)))
		binary.LittleEndian.PutUint32(sizes[8:], uint32(int32(e.Label)))
		h.Write(sizes[:])
		h.Write([]byte(e.Text))
		h.Write([]byte(e.Pair))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Splits returns the parts that the data came with, by "train", "val" and
// "test"; none where it is of one piece.
func (d *Dataset) Splits() map[string]*Dataset {
	c, ok := d.corpus.(*corpus.Corpus)
	if !ok || d.Len() != c.Len() {
		return nil
	}
	parts := make(map[string]*Dataset)
	for _, name := range c.Splits() {
		parts[name] = d.pick(func(yield func(int) bool) {
			for i := range d.Len() {
				if c.InSplit(d.rows.At(i), name) && !yield(i) {
					return
				}
			}
		})
	}
	return parts
}
