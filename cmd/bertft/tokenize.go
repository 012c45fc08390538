package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/pkg/text"
)

type tokenizeCmd struct {
	Model     string `arg:"" help:"A model's or a run's folder, a bundled name, or a Hugging Face id."`
	JSONL     bool   `name:"jsonl" help:"Input lines are objects {\"text\":…,\"pair\":…}."`
	MaxLength int    `default:"0" help:"Truncate at so many tokens; 0: not at all."`
}

// tokenized is the output line.
type tokenized struct {
	Tokens  []string   `json:"tokens"`
	IDs     []int32    `json:"ids"`
	TypeIDs []int32    `json:"type_ids"`
	Offsets [][2]int32 `json:"offsets"` // in characters
}

// Validate is called by kong before Run.
func (c *tokenizeCmd) Validate() error {
	if c.MaxLength != 0 && c.MaxLength < 3 {
		return fmt.Errorf("--max-length: %d, want 0 (no limit), or 3 or more: two are special tokens", c.MaxLength)
	}
	return nil
}

// Run is called by kong.
func (c *tokenizeCmd) Run(ctx context.Context, env *cli.Env) error {
	p, err := find(ctx, env, c.Model)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(env.Stdout)
	enc.SetEscapeHTML(false)
	return cli.Inputs(ctx, env, nil, 1, func(lines []cli.Line) error {
		for _, l := range lines {
			it, err := item(l, c.JSONL)
			if err != nil {
				return err
			}
			if err := enc.Encode(tokenize(p.tok, it, c.MaxLength)); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

func tokenize(tok *text.Tokenizer, it text.Item, maxLength int) tokenized {
	o := text.EncodeOptions{MaxLength: maxLength}
	e := tok.Encode(it.Text, o)
	if it.IsPair {
		e = tok.EncodePair(it.Text, it.Pair, o)
	}
	out := tokenized{IDs: e.IDs, TypeIDs: e.TypeIDs, Offsets: e.Offsets, Tokens: make([]string, len(e.IDs))}
	for i, id := range e.IDs {
		out.Tokens[i] = tok.Token(id)
	}
	return out
}

// item reads an input line.
func item(l cli.Line, jsonl bool) (text.Item, error) {
	if !jsonl {
		return text.Item{Text: l.Text}, nil
	}
	var it struct {
		Text *string `json:"text"`
		Pair *string `json:"pair"`
	}
	if err := corpus.CheckObject(l.Text); err != nil {
		return text.Item{}, cli.Usagef("%s: %w", l.Name, err)
	}
	err := json.Unmarshal([]byte(l.Text), &it)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return text.Item{}, cli.Usagef("%s: %q is a %s, want a string", l.Name, e.Field, e.Value)
	}
	if err != nil {
		return text.Item{}, cli.Usagef("%s: %w", l.Name, err)
	}
	if it.Text == nil {
		return text.Item{}, cli.Usage(fmt.Errorf("%s: no \"text\"", l.Name))
	}
	out := text.Item{Text: *it.Text}
	if it.Pair != nil {
		out.Pair, out.IsPair = *it.Pair, true
	}
	return out, nil
}
