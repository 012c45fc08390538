package cli

import (
	"os"
	"syscall"
)

// PassiveThreads makes libtorch's idle threads sleep after some milliseconds of
// spinning, unless the environment says otherwise. With few cores a thread that
// spins on takes the core that a Go worker needs, and one that sleeps at once is
// slow to wake for the next operator: VGG16 on features that are kept trained a
// twelfth slower. The thread pool reads the environment while it is loaded, before
// main, so the program begins anew with the variables set.
func PassiveThreads() {
	const policy, spins = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
	if os.Getenv(policy) != "" {
		return
	}
	exe, err := os.Executable()
	if err != nil {
		return // it runs on all the same, only slower
	}
	env := append(os.Environ(), policy+"=passive")
	if os.Getenv(spins) == "" {
		env = append(env, spins+"=100000")
	}
	_ = syscall.Exec(exe, os.Args, env)
}
