package wordpiece

import (
	"strings"

	"github.com/sugarme/tokenizer/decoder"
)

// decoderSpec is the decoder section of tokenizer.json.
type decoderSpec struct {
	join    bool   // no decoder: tokens with spaces between them
	prefix  string // marks a piece that goes on with a word
	cleanup bool   // close up spaces before punctuation
}

// Decode returns the text of ids, as far as tokens tell: words with single
// spaces, punctuation and English contractions closed up. skipSpecial leaves out
// [CLS], [SEP], [PAD] and the other special tokens; ids that no token has are
// left out always. It is what transformers' decode gives with
// clean_up_tokenization_spaces=True.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	text := t.DecodeSpaced(ids, skipSpecial)
	for _, s := range [...]struct{ from, to string }{
		{" .", "."},
		{" ?", "?"},
		{" !", "!"},
		{" ,", ","},
		{" ' ", "'"},
		{" n't", "n't"},
		{" 'm", "'m"},
		{" 's", "'s"},
		{" 've", "'ve"},
		{" 're", "'re"},
	} {
		text = strings.ReplaceAll(text, s.from, s.to)
	}
	return text
}

// DecodeSpaced is Decode with the spaces around apostrophes left in, as the
// Rust tokenizers' decode gives it: "isn ' t" for "isn't".
func (t *Tokenizer) DecodeSpaced(ids []int32, skipSpecial bool) string {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if id < 0 || int(id) >= len(t.vocab.tokens) || skipSpecial && t.vocab.special[id] {
			continue
		}
		token, folded := t.vocab.spelled[id]
		if !folded {
			token = t.vocab.tokens[id]
		}
		tokens = append(tokens, token)
	}
	d := t.spec.decoder
	if d.join {
		return strings.Join(tokens, " ")
	}
	return strings.Join(decoder.NewWordPieceDecoder(d.prefix, d.cleanup).DecodeChain(tokens), "")
}
