package torch

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
)

// Mode is the thread's state inside a scope.
type Mode struct {
	Grad     bool  // operations are recorded for Backward
	Train    bool  // dropout drops, batch norms use the batch's statistics
	Autocast DType // products in this type; Float32 or 0: none
}

// Scope owns the tensors made through it. Open it with [Runtime.Scope] or
// [Scope.Sub], close it with Close, usually deferred. It belongs to the
// goroutine that opened it and holds it on its thread until then.
type Scope struct {
	rt     *Runtime
	parent *Scope
	child  *Scope // the innermost open one, at most one at a time
	mode   Mode
	ts     []*Tensor
	err    error
	closed bool
	place  place
	id     C.uint64_t // among the scopes open on the thread
}

// ErrClosed is the error of an operation on a scope, a store or a tensor whose
// owner has closed.
var ErrClosed = errors.New("used after its owner closed")

// TrainMode records gradients, drops, and casts as the runtime was opened to.
func (rt *Runtime) TrainMode() Mode { return Mode{Grad: true, Train: true, Autocast: rt.Autocast()} }

// EvalMode records nothing, drops nothing, and casts as in training.
func (rt *Runtime) EvalMode() Mode { return Mode{Autocast: rt.Autocast()} }

// Scope opens a scope in mode m on the calling goroutine.
func (rt *Runtime) Scope(m Mode) *Scope { return newScope(rt, nil, m) }

// Sub opens a scope within s. It shares s's error, and must close before s
// does; s closes it otherwise. While a scope within s is open, operations that
// its mode would change fail on s: they would run in that scope's mode.
func (s *Scope) Sub(m Mode) *Scope {
	if c := s.child; c != nil && !c.closed {
		s.fail(fmt.Errorf("the scope opened within this one at %s is still open", c.place))
		_ = c.Close() // its error is ours already
	}
	sub := newScope(s.rt, s, m)
	s.child = sub
	return sub
}

// NoGrad opens a scope within s that records no gradients.
func (s *Scope) NoGrad() *Scope {
	m := s.mode
	m.Grad = false
	return s.Sub(m)
}

// newScope returns an open scope, or, where none can be, a closed one that holds
// the error and has touched nothing.
func newScope(rt *Runtime, parent *Scope, m Mode) *Scope {
	s := &Scope{rt: rt, parent: parent, mode: m, place: caller()}
	if parent != nil {
		s.err = parent.err
		if parent.closed {
			return s.refuse(fmt.Errorf("open a scope: %w", ErrClosed))
		}
	}
	if !validAutocast(m.Autocast) {
		return s.refuse(fmt.Errorf("open a scope: autocast to %s, want float32, bfloat16 or float16", m.Autocast))
	}
	// Registered first: a runtime that closes meanwhile sees it or refuses it.
	if parent == nil && !rt.register(s) {
		return s.refuse(fmt.Errorf("open a scope: runtime %w", ErrClosed))
	}
	runtime.LockOSThread()
	e := C.gt_scope_enter(cbool(m.Grad), C.int(rt.opts.Device.code()), cbool(m.casts()), C.int(m.Autocast), &s.id)
	if err := shimErr(e); err != nil {
		runtime.UnlockOSThread()
		rt.unregister(s)
		return s.refuse(fmt.Errorf("open a scope: %w", err))
	}
	return s
}

func (s *Scope) refuse(err error) *Scope {
	s.fail(err)
	s.closed = true
	return s
}

// casts says whether m turns autocast on.
func (m Mode) casts() bool { return m.Autocast != 0 && m.Autocast != Float32 }

// sameThread says whether a thread in mode m is in mode o too.
func (m Mode) sameThread(o Mode) bool {
	return m.Grad == o.Grad && m.casts() == o.casts() && (!m.casts() || m.Autocast == o.Autocast)
}

func validAutocast(d DType) bool {
	return d == 0 || d == Float32 || d == BFloat16 || d == Float16
}

// Close frees the scope's tensors, restores the thread's modes and returns the
// scope's first error. Closing twice is harmless; on another goroutine than the
// one that opened the scope it is an error.
func (s *Scope) Close() error {
	if s.closed {
		return s.err
	}
	if s.child != nil {
		_ = s.child.Close() // its error is ours already
	}
	s.closed = true
	for i := len(s.ts) - 1; i >= 0; i-- {
		s.ts[i].free()
	}
	s.ts = nil
	var found C.int
	if err := shimErr(C.gt_scope_leave(s.id, &found)); err != nil {
		s.fail(fmt.Errorf("close a scope: %w", err))
	}
	if s.parent == nil {
		s.rt.unregister(s)
	}
	if found == 0 {
		// Unlocking here would free another scope's thread, or none.
		s.fail(fmt.Errorf("the scope opened at %s was closed on another goroutine", s.place))
		return s.err
	}
	runtime.UnlockOSThread()
	return s.err
}

// Err returns the first error of an operation in s, or in a scope within it.
func (s *Scope) Err() error { return s.err }

// Fail records err as the scope's, if it is the first.
func (s *Scope) Fail(err error) { s.fail(err) }

func (s *Scope) fail(err error) {
	for ; s != nil; s = s.parent {
		if s.err == nil {
			s.err = err
		}
	}
}

// Mode returns the thread's state inside s.
func (s *Scope) Mode() Mode { return s.mode }

// Training says whether dropout drops and batch norms use the batch.
func (s *Scope) Training() bool { return s.mode.Train }

// Runtime returns the runtime s was opened on.
func (s *Scope) Runtime() *Runtime { return s.rt }

// Return hands t, made in s, to the scope around s, and returns it. On an
// outermost scope it does nothing: only Go values leave that one.
func (s *Scope) Return(t *Tensor) *Tensor {
	if s.parent == nil || !t.Alive() {
		return t
	}
	for i := len(s.ts) - 1; i >= 0; i-- {
		if s.ts[i] == t {
			s.ts = append(s.ts[:i], s.ts[i+1:]...)
			s.parent.ts = append(s.parent.ts, t)
			break
		}
	}
	return t
}

func (s *Scope) leaks() []string {
	out := []string{leakReport("scope", s.place, len(s.ts))}
	if c := s.child; c != nil && !c.closed {
		out = append(out, c.leaks()...)
	}
	return out
}

// ready says whether op, which makes a tensor, may run on xs: usable, and the
// thread in the scope's own mode.
func (s *Scope) ready(op string, xs ...*Tensor) bool {
	if !s.usable(op, xs...) {
		return false
	}
	for c := s.child; c != nil && !c.closed; c = c.child {
		if !c.mode.sameThread(s.mode) {
			s.failOp(op, fmt.Errorf("the scope opened within this one at %s sets another mode; use that one, or close it", c.place), xs)
			return false
		}
	}
	return true
}

// usable says whether op may run on xs: no error so far, the scope and the
// runtime open, every tensor alive.
func (s *Scope) usable(op string, xs ...*Tensor) bool {
	if s.err != nil {
		return false
	}
	if s.closed {
		s.failOp(op, fmt.Errorf("scope %w", ErrClosed), xs)
		return false
	}
	if s.rt.closed.Load() {
		s.failOp(op, fmt.Errorf("runtime %w", ErrClosed), xs)
		return false
	}
	for _, x := range xs {
		if x == nil || x.ptr == nil {
			s.failOp(op, ErrClosed, xs)
			return false
		}
	}
	return true
}

// take makes the scope the owner of an operation's result, or records why there
// is none. It runs on the operation's thread, before anything else does.
func (s *Scope) take(op string, p raw, xs ...*Tensor) *Tensor {
	if p == nil {
		err := libtchErr()
		if err == nil {
			err = errors.New("no result and no reason given")
		}
		s.failOp(op, err, xs)
		return &Tensor{}
	}
	return s.own(p)
}

// takeShim is take for a shim function, which returns its own error.
func (s *Scope) takeShim(op string, e C.gt_error, p raw, xs ...*Tensor) *Tensor {
	if err := shimErr(e); err != nil {
		s.failOp(op, err, xs)
		return &Tensor{}
	}
	return s.own(p)
}

// check records a shim function's error.
func (s *Scope) check(op string, e C.gt_error, xs ...*Tensor) {
	if err := shimErr(e); err != nil {
		s.failOp(op, err, xs)
	}
}

func (s *Scope) own(p raw) *Tensor {
	t := &Tensor{ptr: p, rt: s.rt}
	s.rt.live.Add(1)
	s.ts = append(s.ts, t)
	return t
}

func (s *Scope) failOp(op string, err error, xs []*Tensor) {
	args := make([]string, len(xs))
	for i, x := range xs {
		args[i] = x.String()
	}
	s.fail(&OpError{Op: op, Args: args, Err: err})
}
