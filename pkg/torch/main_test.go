package torch_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// TestMain fails the run when a test left tensors alive: one test's leak would
// else hide behind another's.
func TestMain(m *testing.M) {
	code := m.Run()
	if n, open := torch.Leftover(); n != 0 || open {
		fmt.Fprintf(os.Stderr, "at the end of the tests %d tensors are alive; a runtime is open: %v\n", n, open)
		code = 1
	}
	os.Exit(code)
}

// one is a runtime on one intra-op thread: results do not depend on the
// machine's cores, and other work on them does not stall OpenMP's barriers.
func one(t testing.TB) *torch.Runtime {
	t.Helper()
	return torch.OpenForTest(t, torch.Options{Threads: 1, Seed: 1})
}

// scope opens a scope whose error fails the test when it ends.
func scope(t testing.TB, rt *torch.Runtime, m torch.Mode) *torch.Scope {
	t.Helper()
	s := rt.Scope(m)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// store opens a store that closes when the test ends.
func store(t testing.TB, rt *torch.Runtime) *torch.Store {
	t.Helper()
	st := rt.NewStore()
	t.Cleanup(st.Close)
	return st
}

// weight adds a parameter and returns its tensor, or ends the test.
func weight(t testing.TB, st *torch.Store, name string, init torch.Init, shape ...int) *torch.Tensor {
	t.Helper()
	return param(t, st, name, init, shape...).T
}

// param adds a parameter or ends the test.
func param(t testing.TB, st *torch.Store, name string, init torch.Init, shape ...int) *torch.Parameter {
	t.Helper()
	p, err := st.Param(name, init, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mustClose closes s and fails the test on its error.
func mustClose(t testing.TB, s *torch.Scope) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
