package torch

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// Embedding looks rows up in a table [rows,width]. The name is
// torch.nn.Embedding's.
type Embedding struct {
	Weight *Parameter
	pad    int
}

// NewEmbedding adds name.weight to st. The row pad, if not negative, gets no
// gradient.
func NewEmbedding(st *Store, name string, rows, width, pad int, init Init) (*Embedding, error) {
	if rows < 1 || width < 1 || pad >= rows {
		return nil, fmt.Errorf("embedding %q: %d rows of %d, pad row %d; want 1 or more, and the pad row among them", name, rows, width, pad)
	}
	w, err := st.Param(name+".weight", init, rows, width)
	if err != nil {
		return nil, err
	}
	return &Embedding{Weight: w, pad: pad}, nil
}

// Forward maps ids [...] of Int64 to [...,width]. An id outside the table is an
// error; a GPU finds it too late, and ends the process.
func (l *Embedding) Forward(s *Scope, ids *Tensor) *Tensor {
	if !s.ready("embedding", l.Weight.T, ids) {
		return &Tensor{}
	}
	pad := int64(-1)
	if l.pad >= 0 {
		pad = int64(l.pad)
	}
	var out libtch.Ctensor
	libtch.AtgEmbedding(&out, ct(l.Weight.T), ct(ids), pad, 0, 0)
	return s.take("embedding", raw(out), l.Weight.T, ids)
}
