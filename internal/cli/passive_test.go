package cli

import (
	"os"
	"testing"
)

// What the environment says stays, what it does not say or leaves empty is set, and
// what was set once needs no other beginning.
func TestSetWaiting(t *testing.T) {
	for _, c := range []struct {
		policy, spins, wantPolicy, wantSpins string
		set                                  bool
	}{
		{"", "", "passive", "100000", true},
		{"active", "", "active", "", false},
		{"", "7", "passive", "7", true},
		{"active", "7", "active", "7", false},
	} {
		t.Setenv("OMP_WAIT_POLICY", c.policy)
		t.Setenv("GOMP_SPINCOUNT", c.spins)
		set := setWaiting()
		if p, n := os.Getenv("OMP_WAIT_POLICY"), os.Getenv("GOMP_SPINCOUNT"); set != c.set || p != c.wantPolicy || n != c.wantSpins {
			t.Errorf("%+v: policy %q, spins %q, set %v", c, p, n, set)
		}
		if setWaiting() {
			t.Errorf("%+v: it begins anew again", c)
		}
	}
}
