package text

import "github.com/gotune/gotune/pkg/torch"

// Mean returns the mean of the last hidden states of each text's tokens, the
// special ones included and padding not, [N,H]: a text's features without any
// fine-tuning (Reimers & Gurevych 2019).
func (m *BERT) Mean(s *torch.Scope, b *Batch) *torch.Tensor { return m.MeanAt(s, b, m.Layers()) }

// MeanAt is Mean of the states after the first n layers, as HiddenAt counts them.
func (m *BERT) MeanAt(s *torch.Scope, b *Batch, n int) *torch.Tensor {
	x := m.Inputs(s, b)
	h := m.HiddenAt(s, x, n) // [N,T,H]
	if s.Err() != nil {
		return h
	}
	if x.Mask == nil {
		return s.MeanDims(h, 1)
	}
	share := make([]float32, b.N*b.T)
	for i, n := range b.Lengths {
		for j := range n {
			share[i*b.T+j] = 1 / float32(n)
		}
	}
	return s.SumDims(s.Mul(s.Cast(h, torch.Float32), torch.FromSlice(s, share, b.N, b.T, 1)), 1)
}
