package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// Store owns tensors that outlive a step: a model's parameters and buffers, or
// an optimiser's state. They stand in the order in which they were made, which
// optimisers and checkpoints follow.
type Store struct {
	rt     *Runtime
	source Source
	params []*Parameter
	byName map[string]*Parameter
	slots  []raw // of packed copies of weights
	closed *atomic.Bool
	place  place
}

// Source gives a parameter's elements by name, in the machine's byte order: a
// file of pretrained weights. ok is false where it has none. The data must stay
// valid until the parameter is made.
type Source func(name string) (data []byte, dtype DType, shape []int, ok bool)

// Parameter is a named tensor of a Store.
type Parameter struct {
	Name   string
	T      *Tensor
	Buffer bool // not trained: running statistics, optimiser state
	Norm   bool // scale or shift of a normalisation layer
}

// Init fills a new parameter.
type Init struct {
	kind byte
	a, b float64
}

// Constant fills with v.
func Constant(v float64) Init { return Init{'c', v, 0} }

// Normal draws from a normal distribution.
func Normal(mean, std float64) Init { return Init{'n', mean, std} }

// Uniform draws from [lo, hi).
func Uniform(lo, hi float64) Init { return Init{'u', lo, hi} }

// KaimingUniform is torch.nn.Linear's and Conv2d's default for a fan-in: uniform
// within ±1/√fanIn.
func KaimingUniform(fanIn int) Init {
	k := 1 / math.Sqrt(float64(fanIn))
	return Uniform(-k, k)
}

// NewStore returns an empty store. Close it when the model is done with. On a
// closed runtime the store is closed too: adding to it is an error.
func (rt *Runtime) NewStore() *Store {
	st := &Store{rt: rt, byName: make(map[string]*Parameter), closed: new(atomic.Bool), place: caller()}
	st.closed.Store(!rt.register(st))
	return st
}

// NewStoreFrom returns an empty store whose parameters start from src's values
// where it has them, converted, and are drawn where it has not. A value of
// another shape is an error.
func (rt *Runtime) NewStoreFrom(src Source) *Store {
	st := rt.NewStore()
	st.source = src
	return st
}

// Param adds a trainable float32 parameter. A name that is taken is an error:
// two layers would share, or hide, a weight.
func (st *Store) Param(name string, init Init, shape ...int) (*Parameter, error) {
	return st.add(name, false, Float32, init, shape)
}

// Buffer adds a tensor that is saved with the others but never trained.
func (st *Store) Buffer(name string, dtype DType, init Init, shape ...int) (*Parameter, error) {
	return st.add(name, true, dtype, init, shape)
}

func (st *Store) add(name string, buffer bool, dtype DType, init Init, shape []int) (*Parameter, error) {
	if st.closed.Load() {
		return nil, fmt.Errorf("parameter %q: %w", name, ErrClosed)
	}
	if _, dup := st.byName[name]; dup {
		return nil, fmt.Errorf("parameter %q: the name is taken", name)
	}
	if err := checkShape(shape, dtype); err != nil {
		return nil, fmt.Errorf("parameter %q: %w", name, err)
	}
	s := st.rt.Scope(Mode{})
	defer s.Close()
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("parameter %q: %w", name, err)
	}
	// Drawn on the CPU, so that a seed gives the same weights on every device.
	dims := cdims(shape)
	var out raw
	e := C.gt_empty(&out, dimPtr(dims), C.int(len(dims)), C.int(dtype), -1)
	t := s.takeShim("empty", e, out)
	found, err := st.fromSource(name, t, shape)
	if err != nil {
		return nil, err
	}
	switch {
	case found:
	case init.kind == 'n':
		s.Normal_(t, init.a, init.b)
	case init.kind == 'u':
		s.Uniform_(t, init.a, init.b)
	default:
		s.Fill_(t, init.a)
	}
	if st.rt.opts.Device.IsCUDA() {
		t = s.To(t, st.rt.opts.Device)
	}
	t = s.Detach(t)
	p := &Parameter{Name: name, T: t, Buffer: buffer}
	if !buffer && s.usable("requires_grad", t) {
		s.check("requires_grad", C.gt_set_requires_grad(t.ptr, 1), t)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("parameter %q: %w", name, err)
	}
	s.release(t)
	t.gone = st.closed
	st.params = append(st.params, p)
	st.byName[name] = p
	return p, nil
}

// fromSource copies the source's value of that name, if it has one, into t.
func (st *Store) fromSource(name string, t *Tensor, shape []int) (bool, error) {
	if st.source == nil || !t.Alive() {
		return false, nil
	}
	data, dtype, got, ok := st.source(name)
	if !ok {
		return false, nil
	}
	if !slices.Equal(got, shape) {
		return false, fmt.Errorf("parameter %q: shape %s, want %s", name, ShapeString(got), ShapeString(shape))
	}
	if err := CopyIn(t, data, dtype); err != nil {
		return false, fmt.Errorf("parameter %q: %w", name, err)
	}
	return true, nil
}

// release takes t out of s: another owner has it now.
func (s *Scope) release(t *Tensor) {
	for i := len(s.ts) - 1; i >= 0; i-- {
		if s.ts[i] == t {
			s.ts = append(s.ts[:i], s.ts[i+1:]...)
			return
		}
	}
}

// All returns parameters and buffers in order. The slice is the store's own.
func (st *Store) All() []*Parameter { return st.params }

// Parameters returns what can be trained, in order.
func (st *Store) Parameters() []*Parameter {
	var out []*Parameter
	for _, p := range st.params {
		if !p.Buffer {
			out = append(out, p)
		}
	}
	return out
}

// Get returns the parameter of that name, or nil.
func (st *Store) Get(name string) *Parameter { return st.byName[name] }

// Swap exchanges the values of st's tensors with those of other's, which must
// have the same names, shapes and types in the same order. It copies nothing.
func (st *Store) Swap(other *Store) error {
	if st.closed.Load() || other.closed.Load() {
		return fmt.Errorf("swap: %w", ErrClosed)
	}
	if len(st.params) != len(other.params) {
		return fmt.Errorf("swap: %d tensors with %d", len(st.params), len(other.params))
	}
	for i, p := range st.params {
		if q := other.params[i]; p.Name != q.Name || p.T.String() != q.T.String() {
			return fmt.Errorf("swap: %q %s with %q %s", p.Name, p.T, q.Name, q.T)
		}
	}
	s := st.rt.Scope(Mode{})
	defer s.Close()
	for i, p := range st.params {
		a, b := p.T, other.params[i].T
		kept := s.Detach(a) // another handle on the same values
		if !s.ready("swap", a, b, kept) {
			break
		}
		s.check("swap", C.gt_set_data(a.ptr, b.ptr), a, b)
		s.check("swap", C.gt_set_data(b.ptr, kept.ptr), b, kept)
	}
	return s.Err()
}

// Close ends the store: using its tensors is an error from then on. Where scopes are
// open, which may be at work with them on other goroutines, the last of these frees
// them when it closes; what is done with a parameter outside a scope is to be over.
// Closing twice is harmless.
func (st *Store) Close() { st.rt.closeStore(st) }

// free is called once, when no scope can be at work with the tensors.
func (st *Store) free() {
	st.freeSlots()
	for _, p := range st.params {
		freeRaw(p.T.ptr) // which stays as it is: another goroutine may ask whether it is alive
		st.rt.live.Add(-1)
	}
}

func (st *Store) leaks() []string {
	return []string{leakReport("store", st.place, len(st.params))}
}

// SetTrainable sets whether Backward computes the parameter's gradient. A frozen
// one costs none; its gradient, if any, is dropped.
func (p *Parameter) SetTrainable(on bool) error {
	if !p.T.Alive() {
		return fmt.Errorf("parameter %q: %w", p.Name, ErrClosed)
	}
	if p.Buffer && on {
		return fmt.Errorf("parameter %q: a buffer is never trained", p.Name)
	}
	if err := shimErr(C.gt_set_requires_grad(p.T.ptr, cbool(on))); err != nil {
		return fmt.Errorf("parameter %q: %w", p.Name, err)
	}
	return nil
}

// Trainable says whether Backward computes the parameter's gradient.
func (p *Parameter) Trainable() bool { return p.T.RequiresGrad() }
