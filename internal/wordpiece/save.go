package wordpiece

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// Save writes the tokenizer's files into dir, which must be there: vocab.txt,
// tokenizer.json, tokenizer_config.json and special_tokens_map.json, so that
// transformers' AutoTokenizer opens the folder and gives the same ids. Files the
// tokenizer was made of are written as they were read, but for switches that
// transformers would read otherwise; the others are made. Each is put in place
// whole.
func (t *Tokenizer) Save(dir string) error {
	for _, f := range []struct {
		name string
		data []byte
		make func() ([]byte, error)
	}{
		{vocabFile, t.source.vocab, t.makeVocab},
		{jsonFile, t.source.json, t.makeJSON},
		{configFile, nil, t.makeConfig},
		{namesFile, t.source.names, t.makeNames},
		{addedFile, t.source.added, nil},
	} {
		data := f.data
		if data == nil && f.make != nil {
			var err error
			if data, err = f.make(); err != nil {
				return fmt.Errorf("save tokenizer: %s: %w", filepath.Join(dir, f.name), err)
			}
		}
		if data == nil {
			continue
		}
		if err := renameio.WriteFile(filepath.Join(dir, f.name), data, 0o644); err != nil {
			return fmt.Errorf("save tokenizer: %s: %w", filepath.Join(dir, f.name), err)
		}
	}
	return nil
}

func (t *Tokenizer) makeVocab() ([]byte, error) {
	var b bytes.Buffer
	for i, token := range t.vocab.tokens[:t.vocab.size] {
		if strings.ContainsAny(token, "\r\n") {
			return nil, fmt.Errorf("token %d, %q, has a line end in it", i, token)
		}
		b.WriteString(token)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

func (t *Tokenizer) makeNames() ([]byte, error) { return indented(t.names()) }

// names returns the special tokens under the keys that transformers uses.
func (t *Tokenizer) names() map[string]any {
	names := map[string]any{
		"cls_token": t.template.single.cls.token,
		"pad_token": t.spec.pad,
		"sep_token": t.template.single.sep.token,
		"unk_token": t.spec.unk,
	}
	if t.mask >= 0 {
		names["mask_token"] = t.spec.mask
	}
	return names
}

func (t *Tokenizer) makeConfig() ([]byte, error) {
	if t.source.config != nil {
		return t.keptConfig()
	}
	c := t.names()
	c["clean_up_tokenization_spaces"] = true
	t.setSwitches(c)
	c["model_max_length"] = 512 // what BERT was trained with
	// transformers' BertTokenizer builds the rest anew, as BERT has it; what
	// differs from that must be read from tokenizer.json.
	c["tokenizer_class"] = "BertTokenizer"
	if !t.isBERT() {
		c["tokenizer_class"] = "PreTrainedTokenizerFast"
	}
	return indented(c)
}

// setSwitches puts what transformers' BertTokenizer makes its normaliser of into
// tokenizer_config.json.
func (t *Tokenizer) setSwitches(config map[string]any) {
	config["do_lower_case"] = t.rules.lower
	config["strip_accents"] = nil
	if t.rules.strip != t.rules.lower {
		config["strip_accents"] = t.rules.strip
	}
	config["tokenize_chinese_chars"] = t.rules.chinese
}

// keptConfig is the tokenizer_config.json that was read. transformers takes the
// switches from it alone, where it says nothing by default, whatever
// tokenizer.json has: so they are written into it where that would be others.
func (t *Tokenizer) keptConfig() ([]byte, error) {
	derived := rules{clean: t.rules.clean, chinese: true, lower: true, strip: true}
	t.spec.config.apply(&derived)
	if t.spec.config.generic() || derived == t.rules {
		return t.source.config, nil
	}
	var kept map[string]json.RawMessage // numbers to the last digit
	if err := json.Unmarshal(t.source.config, &kept); err != nil {
		return nil, err
	}
	config := make(map[string]any, len(kept)+3)
	for key, value := range kept {
		config[key] = value
	}
	t.setSwitches(config)
	return indented(config)
}

// isBERT reports whether all that tokenizer_config.json does not say is as in
// the original BERT.
func (t *Tokenizer) isBERT() bool {
	cls, sep := t.template.single.cls, t.template.single.sep
	bert := bertTemplate(cls.token, sep.token)
	for _, p := range []*special{&bert.single.cls, &bert.pair.cls} {
		p.id = cls.id
	}
	for _, p := range []*special{&bert.single.sep, &bert.pair.sep, &bert.pair.end} {
		p.id = sep.id
	}
	return t.template == bert && t.rules.clean && t.spec.prefix == "##" && t.spec.maxChars == 100 &&
		t.spec.decoder == decoderSpec{prefix: "##", cleanup: true}
}

// indented writes v as Hugging Face does: two spaces, no escapes beyond JSON's.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
