package wordpiece

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Options say how text is read for a vocab.txt. The zero value is
// bert-base-uncased's.
type Options struct {
	Cased        bool    // keep upper case
	Accents      Accents // by default stripped unless Cased
	JoinChinese  bool    // do not make a word of each ideograph
	MaxWordChars int     // longer words are [UNK]; 0 for 100
}

// Accents says what happens to accents.
type Accents int

// What happens to them.
const (
	AccentsByCase Accents = iota // stripped where case is folded, kept where it is not
	AccentsStripped
	AccentsKept
)

// FromVocab reads a vocab.txt: a token a line, its id the line's number from 0.
// It must hold [UNK], [CLS], [SEP] and [PAD], and no token twice. Errors begin
// with name.
func FromVocab(name string, r io.Reader, o Options) (*Tokenizer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return build(source{vocab: data}, name, func() (spec, error) { return parseVocab(data, o, config{}) })
}

// parseVocab reads a vocab.txt whose special tokens have the names c gives.
func parseVocab(data []byte, o Options, c config) (s spec, err error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return s, errors.New("the file is empty")
	}
	if bytes.HasPrefix(data, []byte("\uFEFF")) {
		return s, errors.New("begins with a byte order mark: it would be part of the first token")
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		if !utf8.ValidString(line) {
			return s, fmt.Errorf("line %d, %q, is not UTF-8", len(s.tokens)+1, line)
		}
		s.tokens = append(s.tokens, strings.TrimSuffix(line, "\r"))
	}
	s.unk = cmp.Or(string(c.Unk), "[UNK]")
	s.pad = cmp.Or(string(c.Pad), "[PAD]")
	s.mask = cmp.Or(string(c.Mask), "[MASK]")
	s.prefix, s.maxChars = "##", 100
	if o.MaxWordChars > 0 {
		s.maxChars = o.MaxWordChars
	}
	s.rules = rules{clean: true, chinese: !o.JoinChinese, lower: !o.Cased, strip: !o.Cased}
	if o.Accents != AccentsByCase {
		s.rules.strip = o.Accents == AccentsStripped
	}
	s.template = bertTemplate(cmp.Or(string(c.CLS), "[CLS]"), cmp.Or(string(c.SEP), "[SEP]"))
	s.decoder = decoderSpec{prefix: "##", cleanup: true}
	s.config = c
	s.added = c.special(&s)
	return s, c.addTo(&s)
}
