package wordpiece

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// FromJSON reads a tokenizer.json, as Hugging Face writes it for BERT:
// BertNormalizer, BertPreTokenizer, WordPiece, and BertProcessing or a template
// of its shape. Its truncation and padding sections are left to the caller.
// Errors begin with name and say which field is of another kind.
func FromJSON(name string, r io.Reader) (*Tokenizer, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return build(source{json: data}, name, func() (spec, error) { return parseJSON(data) })
}

// build makes a tokenizer of what parse returns and keeps the files' bytes.
func build(from source, name string, parse func() (spec, error)) (*Tokenizer, error) {
	s, err := parse()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t, err := s.build()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t.source = from
	return t, nil
}

// tokenizerJSON is tokenizer.json. Its sections are read once their type is
// known to be BERT's.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedJSON     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

type addedJSON struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

func (a addedJSON) token() addedToken {
	return addedToken{a.Content, a.ID, a.SingleWord, a.LStrip, a.RStrip, a.Normalized, a.Special}
}

type normalizerJSON struct {
	Type         string `json:"type"`
	CleanText    *bool  `json:"clean_text"`
	Chinese      *bool  `json:"handle_chinese_chars"`
	StripAccents *bool  `json:"strip_accents"` // null: as lowercase
	Lowercase    *bool  `json:"lowercase"`
}

type decoderJSON struct {
	Type    string `json:"type"`
	Prefix  string `json:"prefix"`
	Cleanup bool   `json:"cleanup"`
}

type modelJSON struct {
	Type     string          `json:"type"`
	Unk      *string         `json:"unk_token"`
	Prefix   *string         `json:"continuing_subword_prefix"`
	MaxChars *int            `json:"max_input_chars_per_word"`
	Vocab    json.RawMessage `json:"vocab"`
}

func parseJSON(data []byte) (s spec, err error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return s, errors.New("the file is empty")
	}
	if !utf8.Valid(data) {
		return s, errors.New("not UTF-8")
	}
	var f tokenizerJSON
	if err := decode(data, "", &f); err != nil {
		return s, err
	}
	if f.Version != "1.0" {
		return s, fmt.Errorf("version %q, want \"1.0\"", f.Version)
	}
	for i, a := range f.AddedTokens {
		if a.Content == "" {
			return s, fmt.Errorf("added_tokens[%d].content is missing", i)
		}
		s.added = append(s.added, a.token())
	}
	if s.rules, err = parseNormalizer(f.Normalizer); err != nil {
		return s, err
	}
	if err := wantType(f.PreTokenizer, "pre_tokenizer", "BertPreTokenizer"); err != nil {
		return s, err
	}
	if s.template, err = parseTemplate(f.PostProcessor); err != nil {
		return s, err
	}
	if s.decoder, err = parseDecoder(f.Decoder); err != nil {
		return s, err
	}
	if err := s.parseModel(f.Model); err != nil {
		return s, err
	}
	s.pad, s.mask = "[PAD]", "[MASK]"
	return s, nil
}

func parseNormalizer(data json.RawMessage) (r rules, err error) {
	if isNull(data) {
		return r, nil
	}
	const field = "normalizer"
	if err := wantType(data, field, "BertNormalizer"); err != nil {
		return r, err
	}
	var n normalizerJSON
	if err := decode(data, field, &n); err != nil {
		return r, err
	}
	if n.CleanText == nil || n.Chinese == nil || n.Lowercase == nil {
		return r, errors.New("normalizer: clean_text, handle_chinese_chars or lowercase is missing")
	}
	r = rules{clean: *n.CleanText, chinese: *n.Chinese, lower: *n.Lowercase, strip: *n.Lowercase}
	if n.StripAccents != nil {
		r.strip = *n.StripAccents
	}
	return r, nil
}

func parseDecoder(data json.RawMessage) (d decoderSpec, err error) {
	if isNull(data) {
		return decoderSpec{join: true}, nil
	}
	const field = "decoder"
	if err := wantType(data, field, "WordPiece"); err != nil {
		return d, err
	}
	f := decoderJSON{Prefix: "##", Cleanup: true}
	err = decode(data, field, &f)
	return decoderSpec{prefix: f.Prefix, cleanup: f.Cleanup}, err
}

// parseModel reads the section in one pass, because it is most of the file.
func (s *spec) parseModel(data json.RawMessage) error {
	const field = "model"
	if isNull(data) {
		return wantType(data, field, "WordPiece")
	}
	var m modelJSON
	if err := decode(data, field, &m); err != nil {
		return err
	}
	if m.Type != "WordPiece" {
		return fmt.Errorf("model.type is %q, want WordPiece", m.Type)
	}
	if m.Unk == nil || m.Prefix == nil || m.MaxChars == nil || m.Vocab == nil {
		return errors.New("model: unk_token, continuing_subword_prefix, max_input_chars_per_word or vocab is missing")
	}
	if *m.MaxChars < 0 {
		return fmt.Errorf("model.max_input_chars_per_word is %d", *m.MaxChars)
	}
	s.unk, s.prefix, s.maxChars = *m.Unk, *m.Prefix, *m.MaxChars
	var err error
	s.tokens, err = parseVocabulary(string(m.Vocab))
	return err
}
