package text

import "github.com/gotune/gotune/pkg/torch"

// layer is one block of the encoder: self-attention and a feed-forward network,
// each with dropout, a residual connection and a LayerNorm after it.
type layer struct {
	query, key, value *torch.Linear
	attended          *torch.Linear
	attentionNorm     *torch.LayerNorm
	intermediate      *torch.Linear
	output            *torch.Linear
	outputNorm        *torch.LayerNorm
}

func (b *builder) layer(name string, c Config) *layer {
	H := c.HiddenSize
	return &layer{
		query:         b.linear(name+".attention.self.query", H, H),
		key:           b.linear(name+".attention.self.key", H, H),
		value:         b.linear(name+".attention.self.value", H, H),
		attended:      b.linear(name+".attention.output.dense", H, H),
		attentionNorm: b.norm(name+".attention.output.LayerNorm", H),
		intermediate:  b.linear(name+".intermediate.dense", H, c.IntermediateSize),
		output:        b.linear(name+".output.dense", c.IntermediateSize, H),
		outputNorm:    b.norm(name+".output.LayerNorm", H),
	}
}

// forward maps x, [N,T,H] or packed [ΣT,H], to the same shape. mask is [N,1,1,T]
// of Bool, true on tokens, or nil where nothing is padding; p is nil where x is
// not packed.
func (l *layer) forward(s *torch.Scope, x, mask *torch.Tensor, p *packing, c Config) *torch.Tensor {
	var a *torch.Tensor
	if p != nil {
		qkv := s.Linears(x, torch.NoActivation, l.query, l.key, l.value)
		a = s.AttentionPacked(qkv, p.lengths, c.NumAttentionHeads, c.AttentionDropout)
	} else {
		a = l.attention(s, x, x, mask, c)
	}
	return l.rest(s, x, a, c)
}

// firsts is forward for each text's first token alone, [N,H]: all that a classifier
// reads of the last layer, of which it is a small part.
func (l *layer) firsts(s *torch.Scope, x, mask *torch.Tensor, p *packing, c Config) *torch.Tensor {
	var first, a *torch.Tensor
	if p != nil {
		first = s.IndexSelect(x, 0, p.firsts)
		kv := s.Linears(x, torch.NoActivation, l.key, l.value)
		a = s.AttentionPackedQuery(l.query.Forward(s, first), kv, p.lengths, c.NumAttentionHeads, c.AttentionDropout)
	} else {
		first = s.Select(x, 1, 0)
		a = s.Select(l.attention(s, s.Narrow(x, 1, 0, 1), x, mask, c), 1, 0)
	}
	return l.rest(s, first, a, c)
}

// rest is what follows the attention a of x, token by token.
func (l *layer) rest(s *torch.Scope, x, a *torch.Tensor, c Config) *torch.Tensor {
	a = s.Dropout(l.attended.Forward(s, a), c.HiddenDropout)
	x = l.attentionNorm.Forward(s, s.Add(a, x))

	f := s.Linears(x, activation(c.HiddenAct), l.intermediate) // [...,4H]
	f = s.Dropout(l.output.Forward(s, f), c.HiddenDropout)
	return l.outputNorm.Forward(s, s.Add(f, x))
}

// attention of the queries from q [N,Q,H] over x [N,T,H]: [N,Q,H].
func (l *layer) attention(s *torch.Scope, q, x, mask *torch.Tensor, c Config) *torch.Tensor {
	shape := q.Shape()
	if len(shape) != 3 {
		return q // s holds an error already
	}
	H, heads := shape[2], c.NumAttentionHeads
	split := func(p *torch.Linear, x *torch.Tensor) *torch.Tensor { // [N,heads,.,H/heads]
		return s.Transpose(s.Reshape(p.Forward(s, x), shape[0], -1, heads, H/heads), 1, 2)
	}
	y := s.Attention(split(l.query, q), split(l.key, x), split(l.value, x),
		torch.AttentionOptions{Mask: mask, Dropout: c.AttentionDropout})
	return s.Reshape(s.Transpose(y, 1, 2), shape...)
}

func activation(name string) torch.Activation {
	switch name {
	case "relu":
		return torch.ReLU
	case "gelu_new", "gelu_pytorch_tanh":
		return torch.GELUTanh
	}
	return torch.GELU
}

// builder makes layers and keeps the first error.
type builder struct {
	st   *torch.Store
	init torch.Init
	eps  float64
	err  error
}

func (b *builder) linear(name string, in, out int) *torch.Linear {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewLinear(b.st, name, in, out, b.init, torch.Constant(0))
	b.err = err
	return l
}

func (b *builder) norm(name string, width int) *torch.LayerNorm {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewLayerNorm(b.st, name, width, b.eps)
	b.err = err
	return l
}

func (b *builder) embedding(name string, rows, width, pad int) *torch.Embedding {
	if b.err != nil {
		return nil
	}
	l, err := torch.NewEmbedding(b.st, name, rows, width, pad, b.init)
	b.err = err
	return l
}
