package main

import (
	"context"
	"errors"

	"github.com/gotune/gotune/internal/cli"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

// pretrained is a model on this machine with its tokenizer: what can be known of
// it without libtorch.
type pretrained struct {
	cli.Found
	tok *text.Tokenizer
}

func find(ctx context.Context, env *cli.Env, ref string) (pretrained, error) {
	found, err := cli.FindModel(ctx, env, ref, "text")
	if err != nil {
		return pretrained{}, err
	}
	tok, err := text.OpenTokenizer(found.Path)
	if err != nil {
		return pretrained{}, cli.Usage(err)
	}
	return pretrained{found, tok}, nil
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
		return cli.Usagef("--max-length: %d, but the model has %d positions", maxLength, m.Config.MaxPositionEmbeddings)
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
