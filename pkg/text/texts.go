package text

import (
	"cmp"
	"fmt"

	"github.com/gotune/gotune/internal/corpus"
)

// Item is a text to predict, or a pair of them.
type Item struct {
	Text   string `json:"text"`
	Pair   string `json:"pair,omitempty"`
	IsPair bool   `json:"-"` // also where Pair is "", as Hugging Face takes it
	Name   string `json:"-"` // in messages and results; "": input N, from 1
}

// FromItems returns unlabelled texts in memory as a Dataset.
func FromItems(items []Item, tok *Tokenizer, o DataOptions) *Dataset {
	if o.MaxLength == 0 {
		o.MaxLength = 512
	}
	return newDataset(memory(items), tok, o)
}

// memory is a source.
type memory []Item

func (m memory) Len() int          { return len(m) }
func (m memory) Label(int) int     { return corpus.NoLabel }
func (m memory) Classes() []string { return nil }
func (m memory) IsPair(i int) bool { return m[i].IsPair || m[i].Pair != "" }
func (m memory) Close() error      { return nil }

func (m memory) Example(i int) (corpus.Example, error) {
	return corpus.Example{
		Text: m[i].Text, Pair: m[i].Pair, Label: corpus.NoLabel,
		ID: cmp.Or(m[i].Name, fmt.Sprintf("input %d", i+1)),
	}, nil
}
