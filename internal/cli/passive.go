package cli

import (
	"os"
	"syscall"
)

// PassiveThreads makes libtorch's idle threads sleep instead of spin, unless the
// environment says otherwise. With few cores a spinning thread takes the core
// that a Go worker needs: 166 ms a step became 32 ms. The thread pool reads
// OMP_WAIT_POLICY while it is loaded, before main, so the program begins anew
// with the variable set.
func PassiveThreads() {
	const name = "OMP_WAIT_POLICY"
	if os.Getenv(name) != "" {
		return
	}
	exe, err := os.Executable()
	if err != nil {
		return // it runs on all the same, only slower
	}
	_ = syscall.Exec(exe, os.Args, append(os.Environ(), name+"=passive"))
}
