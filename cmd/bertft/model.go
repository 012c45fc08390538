package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

// pretrained is a model on this machine with its tokenizer: what can be known of
// it without libtorch.
type pretrained struct {
	cli.Found
	tok *text.Tokenizer

	record    recorded // of the run
	recordErr error    // it cannot be read: the model may be whole all the same
}

func find(ctx context.Context, env *cli.Env, ref string) (pretrained, error) {
	found, err := cli.FindModel(ctx, env, ref, "text")
	if err != nil {
		return pretrained{}, err
	}
	if info, err := os.Stat(found.Path); err == nil && !info.IsDir() {
		return pretrained{}, cli.Usagef("%s is a file: want a run's folder or a model's", ref)
	}
	tok, err := text.OpenTokenizer(found.Path)
	if err != nil {
		return pretrained{}, cli.Usage(err)
	}
	p := pretrained{Found: found, tok: tok}
	p.record, p.recordErr = readRecord(found.Run)
	return p, nil
}

// defaultLength is the recipe's --max-length.
const defaultLength = 512

// length is --max-length, or where that is 0 what the run was trained with; of a
// model that is no run's the recipe's, as far as it has positions.
func (p pretrained) length(flag int) (int, error) {
	if flag > 0 {
		return flag, nil
	}
	if p.recordErr != nil || p.record.MaxLength > 0 {
		return p.record.MaxLength, p.recordErr
	}
	cfg, err := text.ReadConfig(p.Path)
	if err != nil {
		return 0, cli.Usage(err)
	}
	return min(defaultLength, cfg.MaxPositionEmbeddings), nil
}

// lengthFlag is --max-length of the verbs that a model answers.
type lengthFlag struct {
	MaxLength int `default:"0" help:"Tokens; longer texts are truncated. 0: as the run was trained, and for a model that is no run's 512, or its positions where they are fewer." group:"Data"`
}

func (f lengthFlag) validate() error {
	if f.MaxLength != 0 && f.MaxLength < 3 {
		return fmt.Errorf("--max-length: %d, want 0 (as trained), or 3 or more: two are special tokens", f.MaxLength)
	}
	return nil
}

// load reads the weights. The caller closes the model.
func (p pretrained) load(rt *torch.Runtime, o text.LoadOptions, maxLength int) (*text.BERT, text.LoadReport, error) {
	m, report, err := text.Load(rt, p.Path, o)
	if err != nil {
		return nil, text.LoadReport{}, cli.Usage(err)
	}
	if err := p.fits(m, maxLength); err != nil {
		m.Close()
		return nil, text.LoadReport{}, err
	}
	return m, report, nil
}

// fits reports a tokenizer or a length that the model has no rows for.
func (p pretrained) fits(m *text.BERT, maxLength int) error {
	if v, want := p.tok.VocabSize(), m.Config.VocabSize; v > want {
		return cli.Usagef("model %s: the vocabulary has %d tokens, but the embeddings have %d rows", p.Path, v, want)
	}
	if maxLength > m.Config.MaxPositionEmbeddings {
		return cli.Usagef("--max-length: %d, but the model has %[2]d positions; give --max-length %[2]d or less", maxLength, m.Config.MaxPositionEmbeddings)
	}
	return nil
}

// with opens libtorch and the fine-tuned model, and closes both after use.
func (p pretrained) with(machine cli.Machine, o text.LoadOptions, maxLength int,
	use func(*torch.Runtime, *text.BERT, text.LoadReport) error,
) (err error) {
	rt, err := cli.OpenRuntime(machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rt.Close()) }()
	m, report, err := p.load(rt, o, maxLength)
	if err != nil {
		return err
	}
	defer m.Close()
	return use(rt, m, report)
}
