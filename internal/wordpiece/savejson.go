package wordpiece

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
)

// makeJSON writes a tokenizer.json that reads as t does.
func (t *Tokenizer) makeJSON() ([]byte, error) {
	yes := t.rules
	added := make([]addedJSON, 0, len(t.spec.added))
	for _, a := range t.spec.added {
		id := t.vocab.added[a.content]
		added = append(added, addedJSON{id, a.content, a.singleWord, a.lstrip, a.rstrip, a.normalized, a.special})
	}
	slices.SortFunc(added, func(a, b addedJSON) int { return cmp.Compare(a.ID, b.ID) })
	type object = map[string]any
	var strip any // null: as lowercase
	if yes.strip != yes.lower {
		strip = yes.strip
	}
	var dec any
	if d := t.spec.decoder; !d.join {
		dec = object{"type": "WordPiece", "prefix": d.prefix, "cleanup": d.cleanup}
	}
	one, two := t.template.single, t.template.pair
	place := func(s special) object { return object{"SpecialToken": object{"id": s.token, "type_id": s.typeID}} }
	text := func(name string, typeID int32) object {
		return object{"Sequence": object{"id": name, "type_id": typeID}}
	}
	tokens := object{}
	for _, s := range []special{one.cls, one.sep, two.cls, two.sep, two.end} {
		tokens[s.token] = object{"id": s.token, "ids": []int32{s.id}, "tokens": []string{s.token}}
	}
	return indented(struct {
		Version       string      `json:"version"`
		Truncation    any         `json:"truncation"`
		Padding       any         `json:"padding"`
		AddedTokens   []addedJSON `json:"added_tokens"`
		Normalizer    object      `json:"normalizer"`
		PreTokenizer  object      `json:"pre_tokenizer"`
		PostProcessor object      `json:"post_processor"`
		Decoder       any         `json:"decoder"`
		Model         object      `json:"model"`
	}{
		Version:     "1.0",
		AddedTokens: added,
		Normalizer: object{
			"type": "BertNormalizer", "clean_text": yes.clean, "handle_chinese_chars": yes.chinese,
			"strip_accents": strip, "lowercase": yes.lower,
		},
		PreTokenizer: object{"type": "BertPreTokenizer"},
		PostProcessor: object{
			"type":           "TemplateProcessing",
			"single":         []object{place(one.cls), text("A", one.a), place(one.sep)},
			"pair":           []object{place(two.cls), text("A", two.a), place(two.sep), text("B", two.b), place(two.end)},
			"special_tokens": tokens,
		},
		Decoder: dec,
		Model: object{
			"type": "WordPiece", "unk_token": t.spec.unk, "continuing_subword_prefix": t.spec.prefix,
			"max_input_chars_per_word": t.spec.maxChars, "vocab": vocabJSON(t.vocab.tokens[:t.vocab.size]),
		},
	})
}

// vocabJSON is tokens by id.
type vocabJSON []string

// MarshalJSON writes the object of tokens and ids, in the order of the ids.
func (v vocabJSON) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, token := range v {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := plainJSON(token)
		if err != nil {
			return nil, err
		}
		b = append(append(b, name...), ':')
		b = strconv.AppendInt(b, int64(i), 10)
	}
	return append(b, '}'), nil
}

// plainJSON quotes s without escaping <, > and &.
func plainJSON(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
