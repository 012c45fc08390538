package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"path/filepath"
)

// LibraryDir returns the folder that libtorch was loaded from.
func LibraryDir() (string, error) {
	var buf [4096]C.char
	if err := shimErr(C.gt_library_path(&buf[0], C.size_t(len(buf)))); err != nil {
		return "", err
	}
	path, err := filepath.EvalSymlinks(C.GoString(&buf[0]))
	if err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// Version returns the version of libtorch this program was built for.
func Version() string { return C.GoString(C.gt_built_version()) }

// CPUCapability returns the vector instructions libtorch chose, such as
// "AVX2" or "AVX512"; "unknown" where it will not say.
func CPUCapability() string {
	var buf [64]C.char
	if err := shimErr(C.gt_cpu_capability(&buf[0], C.size_t(len(buf)))); err != nil {
		return "unknown"
	}
	return C.GoString(&buf[0])
}

// CPUBFloat16 says what multiplies bfloat16 on this CPU: "AMX", which are matrix units,
// "AVX512-BF16", which are vectors, or nothing, "". oneDNN's variable
// ONEDNN_MAX_CPU_ISA can forbid either.
func CPUBFloat16() string {
	return [...]string{"", "AVX512-BF16", "AMX"}[C.gt_cpu_bfloat16()]
}

// threadsHere returns the number of intra-op threads that an operator called
// from this thread would use.
func threadsHere() (int, error) {
	var n C.int
	err := shimErr(C.gt_threads(&n))
	return int(n), err
}

// checkABI compares what the program was built for with what was loaded, major,
// minor and patch version: the C++ interface changes with each.
func checkABI(built, loaded uint64) error {
	if built>>40 == loaded>>40 {
		return nil
	}
	return fmt.Errorf("libtorch %s was loaded, but this program was built for %s: run hack/install-libtorch.sh, or set LD_LIBRARY_PATH to the right folder",
		abiString(loaded), abiString(built))
}

func abiString(v uint64) string {
	return fmt.Sprintf("%d.%d.%d", v>>56, v>>48&0xff, v>>40&0xff)
}
