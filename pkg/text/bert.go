package text

import (
	"fmt"
	"strings"

	"github.com/gotune/gotune/pkg/torch"
)

// BERT is a bidirectional encoder with a classification head on the first
// token: Devlin et al. 2018, with Hugging Face's parameter names.
type BERT struct {
	Config Config

	store      *torch.Store
	embeddings embeddings
	layers     []*layer
	pooler     *torch.Linear
	classifier *torch.Linear
}

// embeddings sums the tables of words, positions and token types.
type embeddings struct {
	words, positions, types *torch.Embedding
	norm                    *torch.LayerNorm
}

// NewBERT returns a model whose parameters come from weights where it has them
// and are drawn as the original recipe does where it has not: matrices from
// N(0, initializer_range²), biases 0 (google-research/bert, modeling.py). weights
// may be nil. cfg.Labels are the classes. Close it when done.
func NewBERT(rt *torch.Runtime, cfg Config, weights *torch.WeightFile) (*BERT, error) {
	if weights == nil {
		return newBERT(rt, cfg, nil)
	}
	return newBERT(rt, cfg, weights.Source())
}

func newBERT(rt *torch.Runtime, cfg Config, weights torch.Source) (*BERT, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(cfg.Labels) < 2 {
		return nil, fmt.Errorf("%d classes, want 2 or more", len(cfg.Labels))
	}
	st := rt.NewStore()
	if weights != nil {
		st.Close()
		st = rt.NewStoreFrom(weights)
	}
	m := &BERT{Config: cfg, store: st}
	if err := m.build(); err != nil {
		st.Close()
		return nil, err
	}
	return m, nil
}

// build makes the parameters in the order of Hugging Face's state_dict.
func (m *BERT) build() error {
	c := m.Config
	b := builder{st: m.store, init: torch.Normal(0, c.InitializerRange), eps: c.LayerNormEps}
	m.embeddings = embeddings{
		words:     b.embedding("bert.embeddings.word_embeddings", c.VocabSize, c.HiddenSize, c.PadTokenID),
		positions: b.embedding("bert.embeddings.position_embeddings", c.MaxPositionEmbeddings, c.HiddenSize, -1),
		types:     b.embedding("bert.embeddings.token_type_embeddings", c.TypeVocabSize, c.HiddenSize, -1),
		norm:      b.norm("bert.embeddings.LayerNorm", c.HiddenSize),
	}
	for i := range c.NumHiddenLayers {
		m.layers = append(m.layers, b.layer(fmt.Sprintf("bert.encoder.layer.%d", i), c))
	}
	m.pooler = b.linear("bert.pooler.dense", c.HiddenSize, c.HiddenSize)
	m.classifier = b.linear("classifier", c.HiddenSize, len(c.Labels))
	return b.err
}

// Store returns the model's parameters, in order.
func (m *BERT) Store() *torch.Store { return m.store }

// Classes returns the labels in the order of the logits.
func (m *BERT) Classes() []string { return m.Config.Labels }

// Close frees the parameters.
func (m *BERT) Close() { m.store.Close() }

// Logits returns unnormalised class scores [N,C], float32 or the autocast type,
// owned by s.
func (m *BERT) Logits(s *torch.Scope, x Inputs) *torch.Tensor {
	pooled := s.Dropout(m.Pooled(s, x), m.Config.headDropout())
	return m.classifier.Forward(s, pooled)
}

// Forward is Logits for a batch on the host.
func (m *BERT) Forward(s *torch.Scope, b *Batch) *torch.Tensor { return m.Logits(s, m.Inputs(s, b)) }

// Inputs are b's, after a look at its ids: one that the embeddings have no row for is
// an error in s.Err, where a GPU would end the process.
func (m *BERT) Inputs(s *torch.Scope, b *Batch) Inputs {
	for _, c := range []struct {
		what string
		ids  []int64
		rows int
	}{
		{"token id", b.IDs, m.Config.VocabSize},
		{"type id", b.TypeIDs, m.Config.TypeVocabSize},
	} {
		for i, id := range c.ids {
			if id < 0 || id >= int64(c.rows) {
				s.Fail(fmt.Errorf("%s: %s %d, but the model has %d", b.Name(i/b.T), c.what, id, c.rows))
				return b.Inputs(s)
			}
		}
	}
	return b.Inputs(s)
}

// Pooled returns tanh of a linear map of the first token's last hidden state,
// [N,H].
func (m *BERT) Pooled(s *torch.Scope, x Inputs) *torch.Tensor {
	c, last := m.Config, len(m.layers)-1
	p, ok := pack(s, x, m.Config)
	if !ok {
		p = nil
	}
	h := m.encode(s, x, p, last)
	first := s.Block(func(s *torch.Scope) *torch.Tensor { return m.layers[last].firsts(s, h, x.Mask, p, c) }) // [N,H]
	return s.Tanh(m.pooler.Forward(s, first))
}

// Hidden returns the last layer's states [N,T,H]. Rows of padding hold values
// that mean nothing. More tokens than positions is an error in s.Err.
func (m *BERT) Hidden(s *torch.Scope, x Inputs) *torch.Tensor { return m.HiddenAt(s, x, m.Layers()) }

// Layers is how many layers the model has.
func (m *BERT) Layers() int { return len(m.layers) }

// HiddenAt returns the states after the first n layers [N,T,H]: 0 is what the
// embeddings give, as in Hugging Face's hidden_states. Any other n than 0 to Layers
// is an error in s.Err.
func (m *BERT) HiddenAt(s *torch.Scope, x Inputs, n int) *torch.Tensor {
	if n < 0 || n > len(m.layers) {
		s.Fail(fmt.Errorf("layer %d: want 0, the embeddings, to %d", n, len(m.layers)))
		return x.IDs
	}
	p, ok := pack(s, x, m.Config)
	if !ok {
		return m.encode(s, x, nil, n)
	}
	h := m.encode(s, x, p, n)
	return s.Reshape(s.IndexSelect(h, 0, p.unpack(s)), p.N, p.T, m.Config.HiddenSize)
}

// encode runs the embeddings and the first n layers: [N,T,H], or [ΣT,H] packed.
func (m *BERT) encode(s *torch.Scope, x Inputs, p *packing, n int) *torch.Tensor {
	c := m.Config
	h := s.Block(func(s *torch.Scope) *torch.Tensor { return m.embeddings.forward(s, x, p, c) })
	for _, l := range m.layers[:n] {
		h = s.Block(func(s *torch.Scope) *torch.Tensor { return l.forward(s, h, x.Mask, p, c) })
	}
	return h
}

func (e embeddings) forward(s *torch.Scope, x Inputs, p *packing, c Config) *torch.Tensor {
	shape := x.IDs.Shape() // [N,T]
	if len(shape) != 2 {
		s.Fail(fmt.Errorf("token ids: shape %s, want [N,T]", torch.ShapeString(shape)))
		return x.IDs
	}
	T := shape[1]
	if T > c.MaxPositionEmbeddings {
		s.Fail(fmt.Errorf("%d tokens, but the model has %d positions; lower --max-length", T, c.MaxPositionEmbeddings))
		return x.IDs
	}
	if p != nil {
		take := func(t *torch.Tensor) *torch.Tensor { return s.IndexSelect(s.Flatten(t, 0), 0, p.rows) }
		h := s.Add(e.words.Forward(s, take(x.IDs)), e.types.Forward(s, take(x.TypeIDs))) // [ΣT,H]
		h = s.Add(h, e.positions.Forward(s, p.positions))
		return s.Dropout(e.norm.Forward(s, h), c.HiddenDropout)
	}
	h := e.words.Forward(s, x.IDs)                          // [N,T,H]
	h = s.Add(h, e.types.Forward(s, x.TypeIDs))             // [N,T,H]
	h = s.Add(h, s.Narrow(e.positions.Weight.T, 0, 0, T))   // [T,H] broadcast
	return s.Dropout(e.norm.Forward(s, h), c.HiddenDropout) // [N,T,H]
}

// Group returns the part of the model that a parameter belongs to, for freezing:
// embeddings, layer.0 … layer.N-1, head (the pooler and the classifier).
func (m *BERT) Group(param string) string {
	if strings.HasPrefix(param, "bert.embeddings.") {
		return "embeddings"
	}
	if rest, ok := strings.CutPrefix(param, "bert.encoder."); ok { // layer.N.…
		parts := strings.SplitN(rest, ".", 3)
		return strings.Join(parts[:2], ".")
	}
	return "head"
}
