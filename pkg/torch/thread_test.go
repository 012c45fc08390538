//go:build linux

package torch_test

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/gotune/gotune/pkg/torch"
)

// survives runs f on a goroutine of its own and says whether the thread it ran
// on is there afterwards: Go ends the thread of a goroutine that ends locked to
// it, and hands a free one to others.
func survives(t *testing.T, f func()) bool {
	t.Helper()
	tids := make(chan int)
	go func() {
		runtime.LockOSThread() // so that the thread is the same throughout
		tid := syscall.Gettid()
		f()
		runtime.UnlockOSThread()
		tids <- tid
	}()
	tid := <-tids
	if tid == os.Getpid() {
		t.Skip("ran on the main thread, which never ends")
	}
	task := fmt.Sprintf("/proc/self/task/%d", tid)
	for range 100 {
		if _, err := os.Stat(task); err != nil {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

func TestScopesBalanceTheThreadLock(t *testing.T) {
	rt := one(t)
	for name, f := range map[string]func(){
		"scope":  func() { mustClose(t, rt.Scope(torch.Mode{})) },
		"nested": func() { s := rt.Scope(torch.Mode{}); mustClose(t, s.NoGrad()); mustClose(t, s) },
		"closed by the parent": func() {
			s := rt.Scope(torch.Mode{})
			s.NoGrad().NoGrad()
			mustClose(t, s)
		},
		"closed twice":  func() { s := rt.Scope(torch.Mode{}); mustClose(t, s); mustClose(t, s) },
		"out of order":  func() { a, b := rt.Scope(torch.Mode{}), rt.Scope(torch.Mode{}); mustClose(t, a); mustClose(t, b) },
		"failed":        func() { s := rt.Scope(torch.Mode{}); s.Cat(nil, 0); s.Close() },
		"refused":       func() { rt.Scope(torch.Mode{Autocast: torch.Int64}).Close() },
		"second within": func() { s := rt.Scope(torch.Mode{}); s.NoGrad(); s.NoGrad(); s.Close() },
		"store":         func() { st := rt.NewStore(); param(t, st, "w", zero, 2); st.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			if !survives(t, f) {
				t.Error("the goroutine ended locked to its thread")
			}
		})
	}
	// The probe itself: an unbalanced lock is seen.
	if survives(t, runtime.LockOSThread) {
		t.Error("the probe does not see a lock that is left")
	}
}
