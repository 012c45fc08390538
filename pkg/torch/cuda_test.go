package torch_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/torch"
)

// cudaFolder tells a test's other process where the stand-in for libtorch_cuda lies.
const cudaFolder = "GOTUNE_TEST_CUDA"

// libtorch keeps the first answer to whether there is CUDA for good: nothing may ask
// before libtorch_cuda is loaded.
func TestCUDAIsFoundOnceLoaded(t *testing.T) {
	if dir := os.Getenv(cudaFolder); dir != "" {
		// What programs ask before: Open gets as far as its options.
		torch.CPUCapability()
		torch.CPUBFloat16()
		if rt, err := torch.Open(torch.Options{Threads: -1}); err == nil {
			rt.Close()
			t.Error("a runtime of -1 threads opened")
		}
		if n, err := torch.LoadCUDA(dir); n != 3 || err != nil {
			t.Errorf("%d devices, %v; want 3", n, err)
		}
		return
	}
	inProcessWithCUDA(t)
}

// A process that trained on the CPU first may be too late for CUDA; then it is told so,
// and not to look for a driver.
func TestCUDAAfterTheCPU(t *testing.T) {
	dir := os.Getenv(cudaFolder)
	if dir == "" {
		inProcessWithCUDA(t)
		return
	}
	rt := one(t)
	s := rt.Scope(torch.Mode{Grad: true})
	st := rt.NewStore()
	w := weight(t, st, "w", torch.Constant(1), 3)
	s.Backward(s.Sum(s.Mul(w, w)))
	mustClose(t, s)
	st.Close()
	if err := rt.Close(); err != nil {
		t.Fatal(err)
	}
	n, err := torch.LoadCUDA(dir)
	if n != 3 && (err == nil || !strings.Contains(err.Error(), "open the CUDA device first")) {
		t.Errorf("%d devices, %v; want 3, or what to do", n, err)
	}
	t.Logf("%d devices, %v", n, err)
}

// inProcessWithCUDA runs the test in a process of its own, for which it compiles the
// stand-in.
func inProcessWithCUDA(t *testing.T) {
	t.Helper()
	lib, err := torch.LibraryDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cxx, err := exec.LookPath(cmp.Or(os.Getenv("CXX"), "c++"))
	if err != nil {
		t.Skip("no C++ compiler: ", err)
	}
	cmd := exec.CommandContext(t.Context(), cxx, "-std=c++17", "-D_GLIBCXX_USE_CXX11_ABI=1", "-shared", "-fPIC",
		"-I", filepath.Join(lib, "../include"), "-o", filepath.Join(dir, "libtorch_cuda.so"), "testdata/cudahooks.cpp")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), cudaFolder+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
