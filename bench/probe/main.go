// Command probe runs parts of gotune by themselves, for the benchmarks: the order
// of a run's examples, the tokenizer, the input pipeline. It prints JSON.
package main

import (
	"encoding/json"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/internal/loader"
	"github.com/gotune/gotune/pkg/text"
)

type commands struct {
	Order      order      `cmd:"" help:"The examples of each step of a run."`
	Tokenize   tokenize   `cmd:"" help:"Tokens a second over the texts of a table."`
	Drawn      drawn      `cmd:"" help:"Batches of pictures from a list of any size: seconds to the first one, and the rate."`
	Pictures   pictures   `cmd:"" help:"Augmented pictures a second: the first epoch decodes, the later ones do not."`
	Texts      texts      `cmd:"" help:"Batches of texts from a table of any size: seconds to the first one, and the rate."`
	Checkpoint checkpoint `cmd:"" help:"Seconds for which training waits for a checkpoint."`
	Products   products   `cmd:"" help:"GFLOP/s of the machine's matrix products."`
}

func main() {
	var c commands
	k := kong.Parse(&c)
	k.FatalIfErrorf(k.Run())
}

type order struct {
	N, Batch, Epochs int
	Seed             uint64
}

// Run prints a list of lists of indices.
func (o *order) Run() error {
	plan := loader.Plan{N: o.N, Batch: o.Batch, Epochs: o.Epochs, Seed: o.Seed, Shuffle: true}
	if err := plan.Validate(); err != nil {
		return err
	}
	steps := make([][]int, plan.Steps())
	for i := range steps {
		_, steps[i] = plan.Indices(i)
	}
	return json.NewEncoder(os.Stdout).Encode(steps)
}

type tokenize struct {
	Model, Data string
	Length      int `default:"512"`
	Passes      int `default:"5"`
}

// Run times one goroutine over all texts.
func (o *tokenize) Run() error {
	tok, err := text.OpenTokenizer(o.Model)
	if err != nil {
		return err
	}
	texts, err := readTexts(o.Data)
	if err != nil {
		return err
	}
	enc := tok.Encoder()
	var ids []int32
	tokens, start := 0, time.Now()
	for range o.Passes {
		for _, t := range texts {
			ids = enc.AppendIDs(ids[:0], t, o.Length)
			tokens += len(ids)
		}
	}
	return show(rate{Items: tokens, Seconds: time.Since(start).Seconds()})
}

// readTexts reads a table's texts into memory, so that reading is not timed.
func readTexts(path string) ([]string, error) {
	c, err := corpus.Open(path, corpus.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // only read from
	texts := make([]string, c.Len())
	for i := range texts {
		e, err := c.Example(i)
		if err != nil {
			return nil, err
		}
		texts[i] = e.Text
	}
	return texts, nil
}

type rate struct {
	Items   int     `json:"items"`
	Seconds float64 `json:"seconds"`
}

func show(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }
