package torch

import (
	"sync"
	"testing"

	"github.com/sugarme/gotch/libtch"
)

// opened runtimes, for TestMain: what is alive in them at the end has leaked.
var tracked struct {
	sync.Mutex
	rts []*Runtime
}

// Track adds rt to those that must be empty when the tests end.
func Track(rt *Runtime) {
	tracked.Lock()
	defer tracked.Unlock()
	tracked.rts = append(tracked.rts, rt)
}

// Leftover returns how many tensors of all tracked runtimes are alive, and
// whether a runtime is still open.
func Leftover() (tensors int, open bool) {
	tracked.Lock()
	defer tracked.Unlock()
	for _, rt := range tracked.rts {
		tensors += rt.Live()
	}
	return tensors, opened.Load()
}

// OpenForTest opens a runtime that must have freed everything when the test
// ends.
func OpenForTest(t testing.TB, o Options) *Runtime {
	t.Helper()
	rt, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	Track(rt)
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
		if n := rt.Live(); n != 0 {
			t.Errorf("%d tensors alive after Close", n)
		}
	})
	return rt
}

// ThreadMode finds out, by operators that no scope sets up, what the calling
// thread records and casts to. w is a trainable square matrix of float32.
func ThreadMode(w *Tensor) Mode {
	var out libtch.Ctensor
	libtch.AtgMatmul(&out, ct(w), ct(w))
	t := &Tensor{ptr: raw(out)}
	defer freeRaw(t.ptr)
	return Mode{Grad: t.RequiresGrad(), Autocast: t.DType()}
}

// For tests of what needs a broken installation to be seen from outside.
var (
	CheckABI        = checkABI
	IsSharedLibrary = isSharedLibrary
	LoadCUDA        = loadCUDA
	ThreadsHere     = threadsHere
)
