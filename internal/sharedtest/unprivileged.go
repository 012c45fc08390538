package sharedtest

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Unprivileged makes the test, from now on, one who may not remove what permissions
// keep: root may remove all. dir is made one that anybody may enter.
func Unprivileged(t testing.TB, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	if err := unix.Setfsuid(65534); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Setfsuid(0) })
}
