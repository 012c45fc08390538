package torch_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

func TestOpenTwice(t *testing.T) {
	rt := one(t)
	if second, err := torch.Open(torch.Options{}); err == nil {
		second.Close()
		t.Error("a second runtime opened beside the first")
	}
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	again := one(t)
	if again.Threads() != 1 {
		t.Errorf("%d threads, want 1", again.Threads())
	}
}

func TestBadOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o    torch.Options
		want []string
	}{
		"threads":  {torch.Options{Threads: -1}, []string{"threads: -1"}},
		"autocast": {torch.Options{Autocast: torch.Int64}, []string{"autocast: int64", "bfloat16"}},
		"both":     {torch.Options{Threads: -2, Autocast: torch.DType(77)}, []string{"threads: -2", "autocast: dtype(77)"}},
	} {
		t.Run(name, func(t *testing.T) {
			rt, err := torch.Open(c.o)
			if err == nil {
				rt.Close()
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got %q, want %q in it", err, w)
				}
			}
		})
	}
	one(t) // a refused Open leaves the way free
}

func TestParseDevice(t *testing.T) {
	for name, want := range map[string]torch.Device{
		"cpu": torch.CPU, "cuda": torch.CUDA(0), "cuda:0": torch.CUDA(0), "cuda:12": torch.CUDA(12),
	} {
		if got, err := torch.ParseDevice(name); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", "cuda:0 ", "mps"} {
		_, err := torch.ParseDevice(name)
		var unknown *torch.DeviceError
		if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "cuda:N") {
			t.Errorf("%q: got %v, want a *DeviceError that says what is known", name, err)
		}
	}
}

// Without libtorch_cuda, or without a GPU, the error says what to do, and the
// next Open works.
func TestAbsentCUDADevice(t *testing.T) {
	for _, d := range []torch.Device{torch.CUDA(0), torch.CUDA(99), torch.CUDA(-1)} {
		rt, err := torch.Open(torch.Options{Device: d})
		if err == nil {
			rt.Close()
			t.Skipf("%v is here", d)
		}
		var absent *torch.DeviceError
		if !errors.As(err, &absent) || absent.Device != d.String() {
			t.Errorf("%v: got %v, want a *DeviceError for it", d, err)
		}
		if n, err := torch.CUDADevices(); err != nil {
			if !strings.Contains(absent.Error(), "install-libtorch.sh --cuda") {
				t.Errorf("got %q, want the remedy in it", absent)
			}
		} else if n > 99 {
			t.Skip("a hundred GPUs are here")
		}
	}
	one(t)
}

// A linker script stands in for libtorch_cuda when a program is built.
func TestOnlyAnELFFileIsALibrary(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]bool{
		file("script.so", "/* empty linker script */\n"): false,
		file("empty.so", ""):                             false,
		file("short.so", "\x7fEL"):                       false,
		filepath.Join(dir, "no.so"):                      false,
		dir:                                              false,
		"/proc/self/exe":                                 true,
	} {
		if got := torch.IsSharedLibrary(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestLibrary(t *testing.T) {
	dir, err := torch.LibraryDir()
	if err != nil {
		t.Fatal(err)
	}
	if !torch.IsSharedLibrary(filepath.Join(dir, "libtorch_cpu.so")) {
		t.Errorf("no libtorch_cpu.so in %s", dir)
	}
	if v := torch.Version(); v != "2.11.0" {
		t.Errorf("built for %s, want 2.11.0", v)
	}
	if c := torch.CPUCapability(); c == "" || c == "unknown" {
		t.Errorf("CPU capability %q", c)
	}
}

func TestCPUBFloat16(t *testing.T) {
	flags, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || os.Getenv("ONEDNN_MAX_CPU_ISA") != "" {
		t.Skip("nothing to compare with: no /proc/cpuinfo, or ONEDNN_MAX_CPU_ISA is set")
	}
	want := ""
	switch {
	case strings.Contains(string(flags), " amx_bf16"):
		want = "AMX"
	case strings.Contains(string(flags), " avx512_bf16"):
		want = "AVX512-BF16"
	}
	if got := torch.CPUBFloat16(); got != want {
		t.Errorf("bfloat16 by %q, /proc/cpuinfo says %q", got, want)
	}
}

func TestLibtorchOfAnotherVersion(t *testing.T) {
	version := func(major, minor, patch uint64) uint64 { return major<<56 | minor<<48 | patch<<40 | 5 }
	if err := torch.CheckABI(version(2, 11, 0), version(2, 11, 0)+1); err != nil {
		t.Errorf("the same version is refused: %v", err)
	}
	err := torch.CheckABI(version(2, 11, 0), version(2, 6, 1))
	if err == nil {
		t.Fatal("another version is accepted")
	}
	for _, want := range []string{"2.6.1", "2.11.0", "install-libtorch.sh"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
}

// OpenMP keeps its number of threads per operating-system thread: it must hold
// on those that Go starts later, and follow a runtime opened anew.
func TestThreadsHoldOnEveryThread(t *testing.T) {
	kept := make(chan func()) // what to do on a thread that outlives the runtimes
	defer close(kept)
	go func() {
		runtime.LockOSThread()
		for f := range kept {
			f()
		}
	}()
	for _, n := range []int{3, 2, 1} {
		rt := torch.OpenForTest(t, torch.Options{Threads: n})
		if rt.Threads() != n {
			t.Errorf("%d threads, want %d", rt.Threads(), n)
		}
		inScope := func() int {
			s := rt.Scope(torch.Mode{})
			defer mustClose(t, s)
			m, err := torch.ThreadsHere()
			if err != nil {
				t.Error(err)
			}
			return m
		}
		if m := inScope(); m != n {
			t.Errorf("%d threads here, want %d", m, n)
		}
		got := make(chan int)
		kept <- func() { got <- inScope() }
		if m := <-got; m != n {
			t.Errorf("%d threads on a thread that had another number, want %d", m, n)
		}
		for range 4 {
			go func() {
				runtime.LockOSThread() // ends with the goroutine: each has a new thread
				got <- inScope()
			}()
			if m := <-got; m != n {
				t.Errorf("%d threads on another thread, want %d", m, n)
			}
		}
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	}
	rt := torch.OpenForTest(t, torch.Options{})
	if want := runtime.GOMAXPROCS(0); rt.Threads() != want {
		t.Errorf("%d threads by default, want %d", rt.Threads(), want)
	}
}
