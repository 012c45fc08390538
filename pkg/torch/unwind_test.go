package torch_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// steps runs body as the steps of a loop, each in a scope with one within it
// that body forgets to close.
func steps(ctx context.Context, rt *torch.Runtime, body func(i int, s *torch.Scope) (more bool)) error {
	for i := range 4 {
		more, err := func() (bool, error) {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			s := rt.Scope(rt.TrainMode())
			defer s.Close()
			inner := s.NoGrad()
			inner.Add(inner.Ones(torch.Float32, 3), s.Ones(torch.Float32, 3))
			return body(i, s), s.Err()
		}()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// However control leaves the code that holds a scope, deferred Close frees all
// and leaves the thread as it was.
func TestEveryWayOutFreesEverything(t *testing.T) {
	rt := torch.OpenForTest(t, torch.Options{Threads: 1, Autocast: torch.BFloat16})
	st := store(t, rt)
	w := weight(t, st, "w", torch.Constant(1), 2, 2)
	boom := errors.New("boom")

	for name, leave := range map[string]func(){
		"break":  func() { steps(t.Context(), rt, func(i int, _ *torch.Scope) bool { return i < 2 }) },
		"return": func() { steps(t.Context(), rt, func(int, *torch.Scope) bool { return false }) },
		"error": func() {
			err := steps(t.Context(), rt, func(_ int, s *torch.Scope) bool { s.Fail(boom); return true })
			if !errors.Is(err, boom) {
				t.Errorf("got %v, want boom", err)
			}
		},
		"cancel": func() {
			ctx, cancel := context.WithCancel(t.Context())
			err := steps(ctx, rt, func(int, *torch.Scope) bool { cancel(); return true })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the cancellation", err)
			}
		},
		"panic": func() {
			defer func() {
				if r := recover(); r != boom {
					t.Errorf("recovered %v, want boom", r)
				}
			}()
			steps(t.Context(), rt, func(int, *torch.Scope) bool { panic(boom) })
		},
		"iterator": func() {
			for s := range func(yield func(*torch.Scope) bool) {
				s := rt.Scope(rt.TrainMode())
				defer s.Close()
				yield(s)
			} {
				s.NoGrad().Ones(torch.Float32, 2)
				break
			}
		},
		"goexit": func() {
			done := make(chan struct{})
			go func() {
				defer close(done)
				steps(t.Context(), rt, func(int, *torch.Scope) bool { runtime.Goexit(); return true })
			}()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			before, live := torch.ThreadMode(w), rt.Live()
			leave()
			if now := torch.ThreadMode(w); now != before {
				t.Errorf("the thread is left in %+v, was in %+v", now, before)
			}
			if rt.Live() != live {
				t.Errorf("%d tensors alive, want %d", rt.Live(), live)
			}
		})
	}
}
