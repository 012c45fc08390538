package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
)

// postJSON is the post_processor section, of either type.
type postJSON struct {
	Type   string      `json:"type"`
	Single []pieceJSON `json:"single"`
	Pair   []pieceJSON `json:"pair"`
	// The ids are checked against the vocabulary's, so only the names are read.
	Special map[string]struct {
		IDs    []int32  `json:"ids"`
		Tokens []string `json:"tokens"`
	} `json:"special_tokens"`
	CLS tokenIDJSON `json:"cls"`
	SEP tokenIDJSON `json:"sep"`
}

// pieceJSON is one place of a template; one of its fields is set.
type pieceJSON struct {
	Special *struct {
		ID     string `json:"id"`
		TypeID int32  `json:"type_id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID     string `json:"id"`
		TypeID int32  `json:"type_id"`
	} `json:"Sequence"`
}

// tokenIDJSON is ["[SEP]", 102].
type tokenIDJSON struct {
	token string
	id    int32
}

func (t *tokenIDJSON) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&t.token, &t.id})
}

// parseTemplate reads a post_processor that puts special tokens where BERT has
// them, whatever their names and type ids.
func parseTemplate(data json.RawMessage) (t template, err error) {
	const field = "post_processor"
	if err := wantType(data, field, "BertProcessing", "TemplateProcessing"); err != nil {
		return t, err
	}
	var p postJSON
	if err := decode(data, field, &p); err != nil {
		return t, err
	}
	if p.Type == "BertProcessing" {
		if p.CLS.token == "" || p.SEP.token == "" {
			return t, errors.New("post_processor: cls or sep is missing")
		}
		t = bertTemplate(p.CLS.token, p.SEP.token)
		for _, s := range []*special{&t.single.cls, &t.pair.cls} {
			s.id = p.CLS.id
		}
		for _, s := range []*special{&t.single.sep, &t.pair.sep, &t.pair.end} {
			s.id = p.SEP.id
		}
		return t, nil
	}
	one, two := &t.single, &t.pair
	if err := p.place(p.Single, &one.cls, "A", &one.a, &one.sep); err != nil {
		return t, fmt.Errorf("post_processor.single: %w", err)
	}
	if len(p.Pair) < 3 {
		return t, errors.New("post_processor.pair: want [CLS] A [SEP] B [SEP]")
	}
	if err := p.place(p.Pair[:3], &two.cls, "A", &two.a, &two.sep); err != nil {
		return t, fmt.Errorf("post_processor.pair: %w", err)
	}
	if err := p.place(p.Pair[3:], nil, "B", &two.b, &two.end); err != nil {
		return t, fmt.Errorf("post_processor.pair: %w", err)
	}
	return t, nil
}

// place reads a special token (unless before is nil), the sequence name and
// another special token.
func (p *postJSON) place(pieces []pieceJSON, before *special, name string, typeID *int32, behind *special) error {
	shape := "want a special token, " + name + ", a special token"
	if before == nil {
		shape = "want " + name + " and a special token behind the first text's"
	} else if len(pieces) > 0 {
		if err := p.special(pieces[0], before, shape); err != nil {
			return err
		}
		pieces = pieces[1:]
	}
	if len(pieces) != 2 || pieces[0].Sequence == nil || pieces[0].Sequence.ID != name {
		return errors.New(shape)
	}
	*typeID = pieces[0].Sequence.TypeID
	return p.special(pieces[1], behind, shape)
}

func (p *postJSON) special(piece pieceJSON, to *special, shape string) error {
	if piece.Special == nil {
		return errors.New(shape)
	}
	known, ok := p.Special[piece.Special.ID]
	if !ok || len(known.IDs) != 1 || len(known.Tokens) != 1 {
		return fmt.Errorf("special_tokens: want one token and one id for %q", piece.Special.ID)
	}
	*to = special{token: known.Tokens[0], id: known.IDs[0], typeID: piece.Special.TypeID}
	return nil
}
