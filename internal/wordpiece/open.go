package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The files that a model's folder holds for its tokenizer.
const (
	jsonFile   = "tokenizer.json"
	vocabFile  = "vocab.txt"
	configFile = "tokenizer_config.json"
	namesFile  = "special_tokens_map.json"
	addedFile  = "added_tokens.json" // of old: superseded by the config's added_tokens_decoder
)

// source keeps the bytes of the files a tokenizer was made of, nil for those
// that were not there, so that they can be saved as they came.
type source struct{ json, vocab, config, names, added []byte }

// Open reads the tokenizer of a model's folder: tokenizer.json, else vocab.txt.
// tokenizer_config.json, where there is one, says whether case, accents and
// ideographs matter and what the special tokens are called, and it overrules
// tokenizer.json. Errors name the file.
func Open(dir string) (*Tokenizer, error) {
	var from source
	for _, f := range []struct {
		name string
		to   *[]byte
	}{
		{jsonFile, &from.json},
		{vocabFile, &from.vocab},
		{configFile, &from.config},
		{namesFile, &from.names},
		{addedFile, &from.added},
	} {
		data, err := os.ReadFile(filepath.Join(dir, f.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open tokenizer: %w", err)
		}
		if err == nil && data == nil {
			data = []byte{}
		}
		*f.to = data
	}
	c, err := parseConfig(from.config, from.names)
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %s: %w", dir, err)
	}
	name, parse := "", (func() (spec, error))(nil)
	switch {
	case from.json != nil:
		name = jsonFile
		parse = func() (spec, error) { return parseJSONWith(from.json, c) }
	case from.vocab != nil:
		name = vocabFile
		parse = func() (spec, error) { return parseVocabWith(from, c) }
	default:
		return nil, fmt.Errorf("open tokenizer: %s holds neither %s nor %s: %w", dir, jsonFile, vocabFile, fs.ErrNotExist)
	}
	t, err := build(from, filepath.Join(dir, name), parse)
	if err != nil {
		return nil, fmt.Errorf("open tokenizer: %w", err)
	}
	return t, nil
}

func parseJSONWith(data []byte, c config) (spec, error) {
	s, err := parseJSON(data)
	if err != nil {
		return s, err
	}
	c.apply(&s.rules)
	if c.Pad != "" {
		s.pad = string(c.Pad)
	}
	if c.Mask != "" {
		s.mask = string(c.Mask)
	}
	s.config = c
	return s, nil
}

func parseVocabWith(from source, c config) (spec, error) {
	if from.added != nil && len(c.Added) == 0 {
		ids := make(map[string]int32)
		if err := json.Unmarshal(from.added, &ids); err != nil {
			return spec{}, fmt.Errorf("%s: %w", addedFile, err)
		}
		c.Added = make(map[string]addedJSON, len(ids))
		for token, id := range ids {
			key := fmt.Sprint(id)
			if other, taken := c.Added[key]; taken {
				return spec{}, fmt.Errorf("%s: tokens %q and %q have one id, %d", addedFile, other.Content, token, id)
			}
			c.Added[key] = addedJSON{ID: id, Content: token, Normalized: true}
		}
	}
	s, err := parseVocab(from.vocab, Options{}, c)
	if err == nil {
		c.apply(&s.rules)
	}
	return s, err
}
