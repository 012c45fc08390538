package text

import "github.com/gotune/gotune/pkg/torch"

// Batch is N tokenized texts on the host, padded to the longest of them, T
// tokens. It may cross goroutines.
type Batch struct {
	N, T    int
	IDs     []int64  // [N*T], row by row
	TypeIDs []int64  // [N*T]
	Lengths []int    // [N] tokens before padding
	Labels  []int64  // [N] class of each text; -1: unknown
	Names   []string // [N] file and row of each text, for messages
	Epoch   int
	PadTo   int // tokens that all batches are padded to; 0: each to its longest text
}

// Inputs are a batch's tensors, owned by the scope they were made in.
type Inputs struct {
	IDs     *torch.Tensor // [N,T] Int64
	TypeIDs *torch.Tensor // [N,T] Int64
	Mask    *torch.Tensor // [N,1,1,T] Bool, true on tokens; nil where nothing is padding
	Lengths []int         // [N] tokens of each text, for a model that skips the padding; nil: only Mask says
}

// Tensors copies the batch to the device: the model's inputs and the labels
// [N].
func (b *Batch) Tensors(s *torch.Scope) (Inputs, *torch.Tensor) {
	return b.Inputs(s), torch.FromSlice(s, b.Labels, b.N)
}

// Inputs copies the batch's tokens to the device.
func (b *Batch) Inputs(s *torch.Scope) Inputs {
	x := Inputs{
		IDs:     torch.FromSlice(s, b.IDs, b.N, b.T),
		TypeIDs: torch.FromSlice(s, b.TypeIDs, b.N, b.T),
		Lengths: b.Lengths,
	}
	if b.Tokens() == b.N*b.T {
		return x
	}
	mask := make([]bool, b.N*b.T)
	for i, n := range b.Lengths {
		for j := range n {
			mask[i*b.T+j] = true
		}
	}
	x.Mask = torch.FromBool(s, mask, b.N, 1, 1, b.T)
	return x
}

// Size returns the number of texts.
func (b *Batch) Size() int { return b.N }

// Targets returns the labels, [N].
func (b *Batch) Targets() []int64 { return b.Labels }

// Name returns the file and row of the i-th text.
func (b *Batch) Name(i int) string { return b.Names[i] }

// Tokens returns the number of tokens without padding.
func (b *Batch) Tokens() int {
	n := 0
	for _, l := range b.Lengths {
		n += l
	}
	return n
}

// Length returns the tokens of the i-th text: those that it is padded to, where all
// batches are padded alike.
func (b *Batch) Length(i int) int { return max(b.Lengths[i], b.PadTo) }

// Part returns the texts of these indices, padded to the longest of them. It
// shares nothing with b.
func (b *Batch) Part(indices []int) *Batch {
	p := &Batch{N: len(indices), T: b.PadTo, Epoch: b.Epoch, PadTo: b.PadTo}
	for _, i := range indices {
		p.T = max(p.T, b.Lengths[i])
	}
	p.IDs, p.TypeIDs = make([]int64, 0, p.N*p.T), make([]int64, 0, p.N*p.T)
	for _, i := range indices {
		row := i * b.T
		p.IDs = append(p.IDs, b.IDs[row:row+p.T]...)
		p.TypeIDs = append(p.TypeIDs, b.TypeIDs[row:row+p.T]...)
		p.Lengths, p.Labels, p.Names = append(p.Lengths, b.Lengths[i]), append(p.Labels, b.Labels[i]), append(p.Names, b.Names[i])
	}
	return p
}

// row is one tokenized text.
type row struct {
	ids      []int32
	firstLen int // tokens of the first text; the rest are the second's
	label    int
	name     string
}

// collate pads rows to the longest. With padTo > 0 every batch is padded that
// far: more work for the same result.
func collate(rows []row, tok *Tokenizer, padTo, epoch int) *Batch {
	b := &Batch{N: len(rows), T: padTo, Epoch: epoch, PadTo: padTo}
	for _, r := range rows {
		b.T = max(b.T, len(r.ids))
	}
	b.IDs, b.TypeIDs = make([]int64, b.N*b.T), make([]int64, b.N*b.T)
	b.Lengths, b.Labels, b.Names = make([]int, b.N), make([]int64, b.N), make([]string, b.N)
	for i, r := range rows {
		ids, types := b.IDs[i*b.T:(i+1)*b.T], b.TypeIDs[i*b.T:(i+1)*b.T]
		for j := range ids {
			ids[j] = int64(tok.PadID())
			if j < len(r.ids) {
				ids[j] = int64(r.ids[j])
			}
		}
		tok.FillTypeIDs(types[:len(r.ids)], r.firstLen)
		b.Lengths[i], b.Labels[i], b.Names[i] = len(r.ids), int64(r.label), r.name
	}
	return b
}
