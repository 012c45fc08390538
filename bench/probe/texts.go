package main

import (
	"context"
	"time"

	"github.com/gotune/gotune/pkg/text"
)

// openTexts opens a table for a model, its texts truncated at so many tokens.
func openTexts(model, data string, length int) (*text.Dataset, error) {
	tok, err := text.OpenTokenizer(model)
	if err != nil {
		return nil, err
	}
	return text.OpenDataset(data, tok, text.DataOptions{MaxLength: length})
}

type texts struct {
	Model, Data string
	Batches     int `default:"2000"`
}

// Run opens a table as training does and takes shuffled batches of 32 from it: how
// long until the first one, and the rate of all.
func (o *texts) Run() error {
	start := time.Now()
	d, err := openTexts(o.Model, o.Data, 512)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // only read from
	var first time.Duration
	var r rate
	for b, err := range d.Epochs(context.Background(), 1, 32, 1) {
		if err != nil {
			return err
		}
		if first == 0 {
			first = time.Since(start)
			start = time.Now()
			continue
		}
		r.Items += b.Size()
		if r.Items >= 32*o.Batches {
			break
		}
	}
	r.Seconds = time.Since(start).Seconds()
	return show(map[string]any{"examples": d.Len(), "first": first.Seconds(), "items": r.Items, "seconds": r.Seconds})
}
