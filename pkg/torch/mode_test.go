package torch_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// The innermost open scope rules its thread, in whatever order they close, and
// the last one to close leaves it as it was found.
func TestInnermostScopeRulesTheThread(t *testing.T) {
	rt := one(t)
	st := store(t, rt)
	w := weight(t, st, "w", torch.Constant(1), 2, 2)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	plain := torch.Mode{Grad: true, Autocast: torch.Float32}
	want := func(when string, m torch.Mode) {
		t.Helper()
		if got := torch.ThreadMode(w); got != m {
			t.Errorf("%s the thread is in %+v, want %+v", when, got, m)
		}
	}
	cast := torch.Mode{Grad: true, Autocast: torch.BFloat16}
	want("at first", plain)
	s := rt.Scope(cast)
	want("in a casting scope", cast)
	n := s.NoGrad()
	want("in NoGrad", torch.Mode{Autocast: torch.BFloat16})
	nn := n.Sub(torch.Mode{Grad: true})
	want("in a plain scope within", plain)
	mustClose(t, nn)
	want("back in NoGrad", torch.Mode{Autocast: torch.BFloat16})
	mustClose(t, n)
	want("back in the casting scope", cast)
	half := s.Sub(torch.Mode{Autocast: torch.Float16})
	want("in another cast", torch.Mode{Autocast: torch.Float16})
	mustClose(t, half)
	want("back in bfloat16", cast)
	mustClose(t, s)
	want("after the scope", plain)

	a, b := rt.Scope(cast), rt.Scope(torch.Mode{})
	mustClose(t, a)
	want("after the outer of two closed first", torch.Mode{Autocast: torch.Float32})
	mustClose(t, b)
	want("after both", plain)

	func() {
		defer func() { _ = recover() }()
		s := rt.Scope(cast)
		defer s.Close()
		defer s.NoGrad().Close()
		panic("boom")
	}()
	want("after a panic", plain)
}

func TestModesDoNotReachOtherGoroutines(t *testing.T) {
	rt := one(t)
	st := store(t, rt)
	w := weight(t, st, "w", torch.Constant(1), 2, 2)
	probe := func() torch.Mode {
		got := make(chan torch.Mode)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			got <- torch.ThreadMode(w)
		}()
		return <-got
	}
	s := scope(t, rt, torch.Mode{Autocast: torch.BFloat16})
	for range 50 {
		n := s.Sub(torch.Mode{Autocast: torch.Float16})
		if m := probe(); m != (torch.Mode{Grad: true, Autocast: torch.Float32}) {
			t.Fatalf("another goroutine's thread is in %+v", m)
		}
		mustClose(t, n)
	}
}

// An operation on the outer scope would run in the inner one's mode: losing its
// gradient in silence is what NoGrad guards are feared for.
func TestOuterScopeRefusesWorkInAnotherMode(t *testing.T) {
	rt := one(t)
	s := rt.Scope(torch.Mode{Grad: true})
	defer s.Close()
	x := s.Ones(torch.Float32, 2)
	same := s.Sub(torch.Mode{Grad: true, Train: true})
	s.ReLU(x) // the same to libtorch
	mustClose(t, same)
	place := line(1)
	n := s.NoGrad()
	s.Floats(x) // reading is the same in all modes
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	s.ReLU(x)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), place) {
		t.Errorf("got %v, want an error that names %s", err, place)
	}
	n.Close()
}

func TestSecondScopeWithinClosesTheFirst(t *testing.T) {
	rt := one(t)
	s := rt.Scope(torch.Mode{})
	place := line(1)
	first := s.Sub(torch.Mode{})
	first.Ones(torch.Float32, 2)
	second := s.Sub(torch.Mode{})
	if second.Err() == nil || !strings.Contains(second.Err().Error(), place) {
		t.Errorf("got %v, want an error that names %s", second.Err(), place)
	}
	err := s.Close()
	if err == nil || rt.Live() != 0 {
		t.Errorf("error %v, %d tensors alive", err, rt.Live())
	}
}

func TestErrorsGoOutwards(t *testing.T) {
	rt := one(t)
	boom := errors.New("boom")
	s := rt.Scope(torch.Mode{})
	sub := s.Sub(torch.Mode{})
	sub.Fail(boom)
	sub.Fail(errors.New("second"))
	if sub.Close() != boom || s.Err() != boom || s.Sub(torch.Mode{}).Err() != boom {
		t.Errorf("errors are %v, %v; want the first, everywhere", sub.Err(), s.Err())
	}
	if y := s.Ones(torch.Float32, 2); y.Alive() {
		t.Error("a scope with an error went on")
	}
	if s.Close() != boom {
		t.Errorf("Close gives %v, want the first error", s.Err())
	}
}
