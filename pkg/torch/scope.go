package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"runtime"
)

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

// Block runs f, a part of a model, in a scope of its own and frees all that f made
// but its result, which is s's. What a backward pass needs stays alive in its
// graph; of a part that is frozen, or evaluated, nothing does, so that its memory
// is free for the next.
func (s *Scope) Block(f func(s *Scope) *Tensor) *Tensor {
	sub := s.Sub(s.mode)
	defer sub.Close() // its error is s's already
	return sub.Return(f(sub))
}

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
