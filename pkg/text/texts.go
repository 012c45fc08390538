package text

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gotune/gotune/internal/corpus"
)

// Item is a text, or a pair of them, in memory.
type Item struct {
	Text   string `json:"text"`
	Pair   string `json:"pair,omitempty"`
	IsPair bool   `json:"-"` // also where Pair is "", as Hugging Face takes it
	Name   string `json:"-"` // in messages and results; "": input N, from 1
	Label  string `json:"-"` // its class, for NewDataset
}

// FromItems returns texts in memory as a Dataset without labels, to predict.
func FromItems(items []Item, tok *Tokenizer, o DataOptions) *Dataset {
	return newDataset(memory{items: items}, tok, o)
}

// NewDataset returns labelled texts in memory as a Dataset. The classes are o.Labels,
// or the labels that occur, sorted. A text without a label, or with one that is none of
// o.Labels, is an error; with o.Unlabelled its label is -1.
func NewDataset(items []Item, tok *Tokenizer, o DataOptions) (*Dataset, error) {
	if len(items) == 0 {
		return nil, errors.New("no texts")
	}
	if err := o.checkLength(); err != nil {
		return nil, err
	}
	m := memory{items: items, classes: slices.Clone(o.Labels), labels: make([]int, len(items))}
	if m.classes == nil {
		for _, it := range items {
			if it.Label != "" {
				m.classes = append(m.classes, it.Label)
			}
		}
		corpus.SortLabels(m.classes)
		m.classes = slices.Compact(m.classes)
	}
	if err := checkLabels(m.classes); err != nil {
		return nil, err
	}
	index := make(map[string]int, len(m.classes))
	for i, c := range m.classes {
		index[c] = i
	}
	for i, it := range items {
		k, ok := index[it.Label]
		switch {
		case ok:
			m.labels[i] = k
		case o.Unlabelled:
			m.labels[i] = corpus.NoLabel
		case it.Label == "":
			return nil, fmt.Errorf("%s has no label", m.name(i))
		default:
			return nil, fmt.Errorf("%s: label %q is none of the classes %q", m.name(i), it.Label, m.classes)
		}
	}
	return newDataset(m, tok, o), nil
}

// memory is a source.
type memory struct {
	items   []Item
	classes []string
	labels  []int // nil: none has any
}

func (m memory) Len() int          { return len(m.items) }
func (m memory) Classes() []string { return m.classes }
func (m memory) IsPair(i int) bool { return m.items[i].IsPair || m.items[i].Pair != "" }
func (m memory) Close() error      { return nil }

func (m memory) Label(i int) int {
	if m.labels == nil {
		return corpus.NoLabel
	}
	return m.labels[i]
}

func (m memory) name(i int) string { return cmp.Or(m.items[i].Name, fmt.Sprintf("input %d", i+1)) }

func (m memory) Example(i int) (corpus.Example, error) {
	return corpus.Example{Text: m.items[i].Text, Pair: m.items[i].Pair, Label: m.Label(i), ID: m.name(i)}, nil
}
