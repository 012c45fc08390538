package torch

// #include "shim.h"
import "C"

import "fmt"

// State is what tells one value of a parameter from another without reading it:
// where it lies, and how often it was written to.
type State struct {
	data   uint64
	writes int64
}

// State returns the parameter's.
func (p *Parameter) State() (State, error) {
	if !p.T.Alive() {
		return State{}, fmt.Errorf("parameter %q: %w", p.Name, ErrClosed)
	}
	var data C.uint64_t
	var writes C.int64_t
	if err := shimErr(C.gt_state(p.T.ptr, &data, &writes)); err != nil {
		return State{}, fmt.Errorf("parameter %q: %w", p.Name, err)
	}
	return State{uint64(data), int64(writes)}, nil
}
