package train

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/pkg/torch"
)

// Snapshot is a copy, on the host, of a model's tensors, of which of them train,
// and of the state of libtorch's generators: what a trial changes and has to put
// back. It takes as much memory as the model.
type Snapshot struct {
	rt     *torch.Runtime
	params []*torch.Parameter
	data   [][]byte
	trains []bool
	rng    [][]byte
}

// TakeSnapshot copies all of st, parameters and buffers.
func TakeSnapshot(rt *torch.Runtime, st *torch.Store) (*Snapshot, error) {
	return takeSnapshot(rt, st, func(*torch.Parameter) bool { return true })
}

// takeSnapshot copies the tensors that copied says; of the others it keeps whether
// they train.
func takeSnapshot(rt *torch.Runtime, st *torch.Store, copied func(*torch.Parameter) bool) (*Snapshot, error) {
	s := &Snapshot{rt: rt, params: st.All()}
	var err error
	if s.rng, err = rt.RNGState(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	for _, p := range s.params {
		var data []byte
		if copied(p) {
			if data, err = torch.CopyBytes(p.T); err != nil {
				return nil, fmt.Errorf("snapshot: parameter %q: %w", p.Name, err)
			}
		}
		s.data, s.trains = append(s.data, data), append(s.trains, p.Trainable())
	}
	return s, nil
}

// dropGradients frees the gradients, in a scope without an earlier error.
func dropGradients(rt *torch.Runtime, params []*torch.Parameter) error {
	s := rt.Scope(torch.Mode{})
	s.ZeroGrads(tensors(params))
	return s.Close()
}

// Restore puts all back, bit for bit. Gradients are dropped.
func (s *Snapshot) Restore() error {
	errs := []error{s.rt.SetRNGState(s.rng), dropGradients(s.rt, s.params)}
	for i, p := range s.params {
		if s.data[i] != nil {
			errs = append(errs, torch.CopyIn(p.T, s.data[i], p.T.DType()))
		}
		if !p.Buffer {
			errs = append(errs, p.SetTrainable(s.trains[i]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("restore a snapshot: %w", err)
	}
	return nil
}
