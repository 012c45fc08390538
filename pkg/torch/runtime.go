package torch

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Options fix, for the whole process, what libtorch keeps for the whole
// process. The zero value is the CPU, one intra-op thread per core, float32 and
// seed 0.
type Options struct {
	Device  Device
	Threads int    // intra-op threads; 0: one per core that the process may use
	Seed    uint64 // of the device's default generator
	// Autocast is what training scopes cast to: BFloat16, or Float16, whose small
	// gradients vanish, since losses are not scaled; Float32 (or 0): nothing.
	Autocast DType
	TF32     bool // CUDA: float32 products with 10-bit mantissas
	// KeepMemory leaves up to 1 GiB of freed memory with the process, for the next
	// operator, instead of giving it back to the system at once; for good.
	KeepMemory bool
}

// Runtime is libtorch, opened. It counts what lives and reports at Close what
// was left open.
type Runtime struct {
	opts   Options
	closed atomic.Bool
	live   atomic.Int64

	mu      sync.Mutex
	owners  map[owner]struct{} // open scopes and stores
	closing []*closing
}

// closing is a store that has closed while scopes were open, and those of them that
// still are.
type closing struct {
	*Store
	scopes map[*Scope]struct{}
}

// owner is a Scope or a Store.
type owner interface {
	leaks() []string // a line for each owner left open
}

// opened is true while a Runtime is: libtorch has one device default, one
// thread pool and one generator for a process, so two runtimes would change
// each other's.
var opened atomic.Bool

// Open prepares libtorch. An unknown or absent device is a *[DeviceError], which
// says what to install; a libtorch of another version than the one built
// against is an error that names both.
func Open(o Options) (*Runtime, error) {
	if err := shimErr(C.gt_prepare()); err != nil {
		return nil, fmt.Errorf("prepare libtorch: %w", err)
	}
	var loaded C.uint64_t
	if err := shimErr(C.gt_runtime_abi(&loaded)); err != nil {
		return nil, fmt.Errorf("ask libtorch for its version: %w", err)
	}
	if err := checkABI(uint64(C.gt_built_abi()), uint64(loaded)); err != nil {
		return nil, err
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := o.Device.Check(); err != nil {
		return nil, err
	}
	if !opened.CompareAndSwap(false, true) {
		return nil, errors.New("torch: a runtime is open already; close it first")
	}
	rt := &Runtime{opts: o, owners: make(map[owner]struct{})}
	if err := rt.configure(); err != nil {
		opened.Store(false)
		return nil, err
	}
	return rt, nil
}

func (o Options) validate() error {
	var errs []error
	if o.Threads < 0 {
		errs = append(errs, fmt.Errorf("threads: %d, want 0 (one per core) or more", o.Threads))
	}
	if !validAutocast(o.Autocast) {
		errs = append(errs, fmt.Errorf("autocast: %s, want float32, bfloat16 or float16", o.Autocast))
	}
	return errors.Join(errs...)
}

func (rt *Runtime) configure() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n := rt.opts.Threads
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
		rt.opts.Threads = n
	}
	if err := shimErr(C.gt_set_threads(C.int(n))); err != nil {
		return fmt.Errorf("set %d threads: %w", n, err)
	}
	if rt.opts.KeepMemory {
		C.gt_keep_memory()
	}
	if rt.opts.Device.IsCUDA() {
		if err := shimErr(C.gt_allow_tf32(cbool(rt.opts.TF32))); err != nil {
			return fmt.Errorf("set tf32: %w", err)
		}
	}
	return rt.Seed(rt.opts.Seed)
}

// Device returns where this runtime's parameters and batches live.
func (rt *Runtime) Device() Device { return rt.opts.Device }

// Autocast returns the element type that training casts to, Float32 for none.
func (rt *Runtime) Autocast() DType {
	if rt.opts.Autocast == 0 {
		return Float32
	}
	return rt.opts.Autocast
}

// Threads returns the number of intra-op threads.
func (rt *Runtime) Threads() int { return rt.opts.Threads }

// Live returns how many tensors are alive.
func (rt *Runtime) Live() int { return int(rt.live.Load()) }

// Close ends the runtime. Scopes and stores still open are an error that names
// the place that opened each: it is a leak, and their tensors stay.
func (rt *Runtime) Close() error {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed.Swap(true) {
		return nil
	}
	opened.Store(false)
	var lines []string
	for o := range rt.owners {
		lines = append(lines, o.leaks()...)
	}
	if n := rt.Live(); n != 0 && len(lines) == 0 {
		lines = append(lines, fmt.Sprintf("leak: %d tensors alive without an owner", n))
	}
	slices.Sort(lines)
	var errs []error
	for _, line := range lines {
		errs = append(errs, errors.New(line))
	}
	return errors.Join(errs...)
}

// check is for what libtorch does for the whole process: a closed runtime must
// not do it to the one opened after it.
func (rt *Runtime) check() error {
	if rt.closed.Load() {
		return fmt.Errorf("runtime %w", ErrClosed)
	}
	return nil
}

// register adds o to the open owners, unless the runtime has closed.
func (rt *Runtime) register(o owner) bool {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.closed.Load() {
		return false
	}
	rt.owners[o] = struct{}{}
	return true
}

// unregister takes s, which closes, out of the open owners, and frees the stores that
// waited for it.
func (rt *Runtime) unregister(s *Scope) {
	for _, st := range rt.left(s) {
		st.free()
	}
}

// left returns the stores that waited for s alone.
func (rt *Runtime) left(s *Scope) (free []*Store) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	delete(rt.owners, s)
	rt.closing = slices.DeleteFunc(rt.closing, func(c *closing) bool {
		delete(c.scopes, s)
		if len(c.scopes) == 0 {
			free = append(free, c.Store)
		}
		return len(c.scopes) == 0
	})
	return free
}

// closeStore closes st, once, and frees it as soon as no scope that is open now can be
// at work with it: one that opens later finds it closed.
func (rt *Runtime) closeStore(st *Store) {
	if rt.leave(st) {
		st.free()
	}
}

// leave takes st out of the open owners, and says whether it may be freed at once.
func (rt *Runtime) leave(st *Store) (free bool) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if st.closed.Swap(true) {
		return false
	}
	delete(rt.owners, st)
	scopes := make(map[*Scope]struct{})
	for o := range rt.owners {
		if s, ok := o.(*Scope); ok {
			scopes[s] = struct{}{}
		}
	}
	if len(scopes) > 0 {
		rt.closing = append(rt.closing, &closing{st, scopes})
	}
	return len(scopes) == 0
}

// Trim hands the C library's free pages back to the operating system.
func (rt *Runtime) Trim() { C.gt_trim() }
