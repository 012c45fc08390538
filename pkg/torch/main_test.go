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

// close1 closes s and fails the test on its error.
func mustClose(t testing.TB, s *torch.Scope) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
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
