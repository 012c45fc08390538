package wordpiece

import (
	"fmt"
	"sync"
)

// A Tokenizer turns text into the ids a BERT was trained on, and back. It never
// changes once made: any number of goroutines may use it.
type Tokenizer struct {
	spec       spec
	source     source
	chars      *chars
	rules      rules
	ascii      [256]uint8 // asciiSpace, asciiPunct, …
	punct      [256]int32 // ids of the ASCII characters that are words of their own
	vocab      *vocabulary
	raw        *addedSet // added tokens sought in the text as it stands
	normalized *addedSet // those sought in the normalised text; nil for none
	template   template
	pad        int32
	mask       int32
	encoders   sync.Pool // of *Encoder
}

// A spec is what the files say, before anything is built of it.
type spec struct {
	tokens   []string // the model's, by id
	unk      string
	prefix   string
	maxChars int
	rules    rules
	added    []addedToken
	template template
	pad      string
	mask     string
	decoder  decoderSpec
	config   config
}

// A special token as a template places it.
type special struct {
	token  string
	id     int32 // -1 until the vocabulary has been asked
	typeID int32
}

// A template says what stands around one text and around two: [CLS] a [SEP],
// and [CLS] a [SEP] b [SEP].
type template struct {
	single struct {
		cls, sep special
		a        int32 // the text's type id
	}
	pair struct {
		cls, sep, end special
		a, b          int32
	}
}

func bertTemplate(cls, sep string) (t template) {
	t.single.cls, t.single.sep = special{cls, -1, 0}, special{sep, -1, 0}
	t.pair.cls, t.pair.sep = t.single.cls, t.single.sep
	t.pair.end = special{sep, -1, 1}
	t.pair.b = 1
	return t
}

// build makes the tokenizer that s describes. Its errors do not name the file.
func (s spec) build() (*Tokenizer, error) {
	chars, err := table()
	if err != nil {
		return nil, err
	}
	vocab, err := newVocabulary(s.tokens, s.unk, s.prefix, s.maxChars)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{spec: s, chars: chars, rules: s.rules, vocab: vocab, template: s.template}
	t.ascii = asciiClasses(chars, s.rules)
	for c, class := range t.ascii {
		if class == asciiPunct {
			t.punct[c] = vocab.split(nil, []byte{byte(c)})[0].id
		}
	}
	if err := t.add(s.added); err != nil {
		return nil, err
	}

	one, two := &t.template.single, &t.template.pair
	for _, place := range []*special{&one.cls, &one.sep, &two.cls, &two.sep, &two.end} {
		id := vocab.id(place.token)
		if id < 0 {
			return nil, fmt.Errorf("no token %q among the %d", place.token, len(vocab.tokens))
		}
		if place.id >= 0 && place.id != id {
			return nil, fmt.Errorf("post_processor: token %q has id %d, want %d", place.token, place.id, id)
		}
		place.id = id
	}
	if t.pad = vocab.id(s.pad); t.pad < 0 {
		return nil, fmt.Errorf("no token %q among the %d", s.pad, len(vocab.tokens))
	}
	t.mask = vocab.id(s.mask)
	t.encoders.New = func() any { return t.Encoder() }
	return t, nil
}

// add gives the added tokens their ids and makes them findable. A token that
// the model has keeps its id; others follow behind the model's, in order, and
// an id in the file that says otherwise would have trained another row.
func (t *Tokenizer) add(tokens []addedToken) error {
	v := t.vocab
	v.added, v.spelled = make(map[string]int32), make(map[int32]string)
	var raw, normalized []addedToken
	var rawPatterns, normalizedPatterns []string
	for _, a := range tokens {
		id := v.id(a.content)
		if id < 0 {
			id = int32(len(v.tokens))
			v.tokens = append(v.tokens[:id:id], a.content)
			v.special = append(v.special, false)
		}
		if a.id != id {
			return fmt.Errorf("added token %q has id %d, want %d", a.content, a.id, id)
		}
		if _, twice := v.added[a.content]; twice {
			return fmt.Errorf("added token %q is there twice", a.content)
		}
		v.added[a.content] = id
		v.special[id] = a.special
		if a.normalized {
			var f folded
			f.fold(t.chars, t.rules, a.content)
			normalized = append(normalized, a)
			normalizedPatterns = append(normalizedPatterns, string(f.text))
			v.spelled[id] = string(f.text)
			// Hugging Face knows a special token by how it is spelled here.
			v.special[id] = a.special && string(f.text) == a.content
		} else {
			raw = append(raw, a)
			rawPatterns = append(rawPatterns, a.content)
		}
	}
	var err error
	if t.raw, err = newAddedSet(t.chars, raw, rawPatterns); err != nil {
		return err
	}
	if len(normalized) > 0 {
		t.normalized, err = newAddedSet(t.chars, normalized, normalizedPatterns)
	}
	return err
}

// VocabSize returns how many tokens there are, added ones included: the rows
// that a model's embedding must have at least.
func (t *Tokenizer) VocabSize() int { return len(t.vocab.tokens) }

// ID returns a token's id and whether there is such a token.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id := t.vocab.id(token)
	return id, id >= 0
}

// Token returns the token of an id, "" where there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.vocab.tokens) {
		return ""
	}
	return t.vocab.tokens[id]
}

// PadID returns the id of [PAD], with which batches are filled up.
func (t *Tokenizer) PadID() int32 { return t.pad }

// UnkID returns the id of [UNK], which stands for words without pieces.
func (t *Tokenizer) UnkID() int32 { return t.vocab.unk }

// CLSID returns the id of [CLS], which begins every input.
func (t *Tokenizer) CLSID() int32 { return t.template.single.cls.id }

// SEPID returns the id of [SEP], which ends every text.
func (t *Tokenizer) SEPID() int32 { return t.template.single.sep.id }

// MaskID returns the id of [MASK] and whether the vocabulary has it.
func (t *Tokenizer) MaskID() (int32, bool) { return t.mask, t.mask >= 0 }

// Cased reports whether upper and lower case are told apart.
func (t *Tokenizer) Cased() bool { return !t.rules.lower }

// MaxLength returns the longest input, in tokens, that tokenizer_config.json
// says the model takes (model_max_length); 0 where it says nothing. Nothing is
// cut unless EncodeOptions asks.
func (t *Tokenizer) MaxLength() int { return t.spec.config.maxLength() }
