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
	if !setWaiting() {
		return
	}
	if exe, err := os.Executable(); err == nil { // else it runs on all the same, only slower
		_ = syscall.Exec(exe, os.Args, os.Environ())
	}
}

// setWaiting sets the variables where no policy is set, and says whether the thread
// pool has still to read them.
func setWaiting() bool {
	const policy, spins = "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"
	if os.Getenv(policy) != "" || os.Setenv(policy, "passive") != nil {
		return false
	}
	if os.Getenv(spins) == "" {
		_ = os.Setenv(spins, "100000") // without it they sleep at once
	}
	return true
}
