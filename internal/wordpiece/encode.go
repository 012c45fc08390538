package wordpiece

// EncodeOptions are those of Encode. The zero value gives the whole text between its special tokens.
type EncodeOptions struct {
	// MaxLength is the most tokens to return, special ones included; 0 for all.
	// The special tokens are always there, so a MaxLength below their number
	// leaves them alone. Of a pair, the longer text is cut first.
	MaxLength int
	// NoSpecial leaves [CLS] and [SEP] out.
	NoSpecial bool
}

// An Encoding is a tokenized text or pair. Its slices have one length.
type Encoding struct {
	IDs     []int32
	TypeIDs []int32 // 0 for the first text and its special tokens, 1 for the second's
	Mask    []int32 // 1 for tokens, 0 for padding
	// Offsets are, for each token, the code points of its text that it stands
	// for: first, and the one behind the last. Special tokens and padding have 0, 0.
	Offsets   [][2]int32
	Truncated bool // tokens were left out
	// Replaced counts the bytes that were not UTF-8. They were read as U+FFFD,
	// one for each broken character; Offsets count it as one code point.
	Replaced int
}

// Encode tokenizes a text. Any goroutine may call it.
func (t *Tokenizer) Encode(text string, o EncodeOptions) Encoding {
	e := t.encoders.Get().(*Encoder)
	defer t.encoders.Put(e)
	return e.Encode(text, o)
}

// EncodePair tokenizes two texts as one input. Any goroutine may call it.
func (t *Tokenizer) EncodePair(a, b string, o EncodeOptions) Encoding {
	e := t.encoders.Get().(*Encoder)
	defer t.encoders.Put(e)
	return e.EncodePair(a, b, o)
}

// Encode tokenizes a text.
func (e *Encoder) Encode(text string, o EncodeOptions) Encoding {
	before := e.replaced
	e.read(&e.a, text, o.MaxLength, true)
	shape := &e.t.template.single
	special := 2
	if o.NoSpecial {
		special = 0
	}
	n := room(len(e.a.ids), o.MaxLength, special)
	enc := newEncoding(n + special)
	if !o.NoSpecial {
		enc.special(shape.cls)
	}
	enc.text(&e.a, n, shape.a)
	if !o.NoSpecial {
		enc.special(shape.sep)
	}
	enc.Truncated = n < len(e.a.ids)
	enc.Replaced = e.replaced - before
	return enc
}

// EncodePair tokenizes two texts as one input.
func (e *Encoder) EncodePair(a, b string, o EncodeOptions) Encoding {
	before := e.replaced
	shape := &e.t.template.pair
	special := 3
	if o.NoSpecial {
		special = 0
	}
	na, nb := e.readPair(a, b, o.MaxLength, special, true)
	enc := newEncoding(na + nb + special)
	if !o.NoSpecial {
		enc.special(shape.cls)
	}
	enc.text(&e.a, na, shape.a)
	if !o.NoSpecial {
		enc.special(shape.sep)
	}
	enc.text(&e.b, nb, shape.b)
	if !o.NoSpecial {
		enc.special(shape.end)
	}
	enc.Truncated = na < len(e.a.ids) || nb < len(e.b.ids)
	enc.Replaced = e.replaced - before
	return enc
}

func newEncoding(n int) Encoding {
	all := make([]int32, 3*n)
	return Encoding{
		IDs:     all[0:0:n],
		TypeIDs: all[n : n : 2*n],
		Mask:    all[2*n : 2*n],
		Offsets: make([][2]int32, 0, n),
	}
}

func (enc *Encoding) special(s special) {
	enc.IDs = append(enc.IDs, s.id)
	enc.TypeIDs = append(enc.TypeIDs, s.typeID)
	enc.Mask = append(enc.Mask, 1)
	enc.Offsets = append(enc.Offsets, [2]int32{})
}

func (enc *Encoding) text(q *sequence, n int, typeID int32) {
	enc.IDs = append(enc.IDs, q.ids[:n]...)
	enc.Offsets = append(enc.Offsets, q.spans[:n]...)
	for range n {
		enc.TypeIDs = append(enc.TypeIDs, typeID)
		enc.Mask = append(enc.Mask, 1)
	}
}

// Pad lengthens e to n tokens with [PAD], type 0 and mask 0, on the right. It
// leaves one that is as long alone.
func (t *Tokenizer) Pad(e *Encoding, n int) {
	for len(e.IDs) < n {
		e.IDs = append(e.IDs, t.pad)
		e.TypeIDs = append(e.TypeIDs, 0)
		e.Mask = append(e.Mask, 0)
		e.Offsets = append(e.Offsets, [2]int32{})
	}
}
