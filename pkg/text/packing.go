package text

import "github.com/gotune/gotune/pkg/torch"

// packing says where the tokens of a batch are when its texts lie one after the
// other: no layer then works on padding.
type packing struct {
	N, T      int
	lengths   []int
	rows      *torch.Tensor // [ΣT] index of each token in [N*T]
	positions *torch.Tensor // [ΣT] of each token in its text
	firsts    *torch.Tensor // [N] row of each text's first token
}

// pack lays out x's texts. It is false where x does not tell their lengths, where
// one is empty, and on a GPU without attention for that, which then skips padding
// by a mask.
func pack(s *torch.Scope, x Inputs, c Config) (*packing, bool) {
	shape := x.IDs.Shape()
	if !s.PackedFits(c.HiddenSize/c.NumAttentionHeads) || len(shape) != 2 || len(x.Lengths) != shape[0] || shape[0] == 0 {
		return nil, false
	}
	p := &packing{N: shape[0], T: shape[1], lengths: x.Lengths}
	var rows, positions, firsts []int64
	for i, n := range x.Lengths {
		if n < 1 || n > p.T {
			return nil, false
		}
		firsts = append(firsts, int64(len(rows)))
		for j := range n {
			rows, positions = append(rows, int64(i*p.T+j)), append(positions, int64(j))
		}
	}
	p.rows = torch.FromSlice(s, rows, len(rows))
	p.positions = torch.FromSlice(s, positions, len(positions))
	p.firsts = torch.FromSlice(s, firsts, len(firsts))
	return p, true
}

// unpack returns the packed row of each of the N*T places; padding gets row 0.
func (p *packing) unpack(s *torch.Scope) *torch.Tensor {
	index := make([]int64, p.N*p.T)
	row := int64(0)
	for i, n := range p.lengths {
		for j := range n {
			index[i*p.T+j] = row
			row++
		}
	}
	return torch.FromSlice(s, index, len(index))
}
