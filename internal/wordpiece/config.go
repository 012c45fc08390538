package wordpiece

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// config is what tokenizer_config.json and special_tokens_map.json say; the
// zero value is what BERT does without them.
type config struct {
	Class        string               `json:"tokenizer_class"`
	DoLowerCase  *bool                `json:"do_lower_case"`
	StripAccents *bool                `json:"strip_accents"` // null: as do_lower_case
	Chinese      *bool                `json:"tokenize_chinese_chars"`
	MaxLength    *float64             `json:"model_max_length"` // transformers writes 1e30 for none
	Unk          nameJSON             `json:"unk_token"`
	CLS          nameJSON             `json:"cls_token"`
	SEP          nameJSON             `json:"sep_token"`
	Pad          nameJSON             `json:"pad_token"`
	Mask         nameJSON             `json:"mask_token"`
	Added        map[string]addedJSON `json:"added_tokens_decoder"`
}

// nameJSON is a token's name: a string, or an object with its content.
type nameJSON string

func (n *nameJSON) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("{")) {
		var a addedJSON
		err := json.Unmarshal(data, &a)
		*n = nameJSON(a.Content)
		return err
	}
	return json.Unmarshal(data, (*string)(n))
}

// maxLength returns model_max_length, 0 where there is none worth the name.
func (c config) maxLength() int {
	if c.MaxLength == nil || *c.MaxLength < 1 || *c.MaxLength > 1<<30 {
		return 0
	}
	return int(*c.MaxLength)
}

// parseConfig reads both files; either may be nil.
func parseConfig(main, names []byte) (c config, err error) {
	if names != nil {
		if err := decode(names, "", &c); err != nil {
			return c, fmt.Errorf("%s: %w", namesFile, err)
		}
	}
	if main != nil {
		if err := decode(main, "", &c); err != nil {
			return c, fmt.Errorf("%s: %w", configFile, err)
		}
	}
	return c, nil
}

// generic tells whether transformers reads tokenizer.json alone, for want of a
// class of BERT's.
func (c config) generic() bool {
	class := strings.TrimSuffix(c.Class, "Fast")
	return class == "PreTrainedTokenizer" || class == "TokenizersBackend"
}

// apply lets c's switches override those of tokenizer.json, as transformers does
// for its BERT classes: fine-tuning code reads the tokenizer through it.
func (c config) apply(r *rules) {
	if c.generic() {
		return
	}
	if c.DoLowerCase != nil && *c.DoLowerCase != r.lower {
		r.lower, r.strip = *c.DoLowerCase, *c.DoLowerCase
	}
	if c.StripAccents != nil {
		r.strip = *c.StripAccents
	}
	if c.Chinese != nil {
		r.chinese = *c.Chinese
	}
}

// special returns those special tokens of s that the model has, as added tokens.
// Where one is missing, either c adds it or the vocabulary is at fault.
func (c config) special(s *spec) (tokens []addedToken) {
	for _, name := range []string{s.pad, s.unk, s.template.single.cls.token, s.template.single.sep.token, s.mask} {
		known := slices.ContainsFunc(tokens, func(a addedToken) bool { return a.content == name })
		if id := slices.Index(s.tokens, name); id >= 0 && !known {
			tokens = append(tokens, addedToken{content: name, id: int32(id), special: true})
		}
	}
	return tokens
}

// addTo adds c's added tokens to s, in the order of their ids.
func (c config) addTo(s *spec) error {
	var more []addedToken
	for key, a := range c.Added {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil {
			return fmt.Errorf("added_tokens_decoder: key %q is no token's id", key)
		}
		if a.Content == "" {
			return fmt.Errorf("added_tokens_decoder.%s.content is missing", key)
		}
		a.ID = int32(id)
		more = append(more, a.token())
	}
	slices.SortFunc(more, func(a, b addedToken) int { return cmp.Compare(a.id, b.id) })
	for _, a := range more {
		if i := slices.IndexFunc(s.added, func(b addedToken) bool { return a.content == b.content }); i >= 0 {
			s.added[i] = a
		} else {
			s.added = append(s.added, a)
		}
	}
	return nil
}
