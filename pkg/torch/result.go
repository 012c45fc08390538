package torch

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
)

// ErrClosed is the error of an operation on a scope, a store or a tensor whose
// owner has closed.
var ErrClosed = errors.New("used after its owner closed")

var errNil = errors.New("a nil tensor")

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
		if x == nil {
			s.failOp(op, errNil, xs)
			return false
		}
		if !x.Alive() {
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
func (s *Scope) check(op string, e C.gt_error, xs ...*Tensor) bool {
	err := shimErr(e)
	if err != nil {
		s.failOp(op, err, xs)
	}
	return err == nil
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
