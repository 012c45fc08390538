package main

import (
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
	Examples    int `default:"64000"`
}

// Run takes batches of texts from a table.
func (o *texts) Run() error {
	return input[*text.Batch](o.Examples, func() (*text.Dataset, error) { return openTexts(o.Model, o.Data, 512) })
}
