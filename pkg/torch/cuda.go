package torch

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"
)

// openCUDA loads libtorch_cuda from beside libtorch_cpu and checks the index.
func openCUDA(d Device) error {
	n, err := CUDADevices()
	if err != nil {
		return &DeviceError{Device: d.String(), Why: err.Error()}
	}
	if n == 0 {
		return &DeviceError{Device: d.String(), Why: "no CUDA device is to be seen; see that the NVIDIA driver is installed and that nvidia-smi lists the GPU"}
	}
	if d.n < 0 || d.n >= n {
		return &DeviceError{Device: d.String(), Why: fmt.Sprintf("this machine has %d CUDA devices", n)}
	}
	return nil
}

// CUDADevices loads libtorch_cuda, if it is installed beside libtorch_cpu, and
// returns how many CUDA devices it sees. The error says what to install.
func CUDADevices() (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := LibraryDir()
	if err != nil {
		return 0, err
	}
	if !isSharedLibrary(filepath.Join(dir, "libtorch_cuda.so")) {
		return 0, fmt.Errorf("no libtorch_cuda.so in %s; run hack/install-libtorch.sh --cuda", dir)
	}
	return loadCUDA(dir)
}

// loadCUDA loads libtorch_cuda from dir and counts its devices.
func loadCUDA(dir string) (int, error) {
	cdir := C.CString(dir)
	defer C.free(unsafe.Pointer(cdir))
	if err := shimErr(C.gt_load_cuda(cdir)); err != nil {
		return 0, fmt.Errorf("load libtorch_cuda: %w; run hack/install-libtorch.sh --cuda, and see that the NVIDIA driver is installed", err)
	}
	var n C.int
	if err := shimErr(C.gt_cuda_count(&n)); err != nil {
		return 0, fmt.Errorf("count CUDA devices: %w", err)
	}
	return int(n), nil
}

// FirstCUDA returns the first CUDA device, where there is one that can be computed
// on; without any, or without libtorch_cuda, ok is false. An error tells of one that
// is too old for this libtorch_cuda, or has no memory left.
func FirstCUDA() (d Device, ok bool, err error) {
	if n, err := CUDADevices(); err != nil || n == 0 {
		return CPU, false, nil
	}
	if err := shimErr(C.gt_cuda_try(0)); err != nil {
		return CPU, false, &DeviceError{Device: CUDA(0).String(), Why: err.Error()}
	}
	return CUDA(0), true, nil
}

// MultipliesBFloat16 says whether the device multiplies bfloat16 itself, and is faster in
// it: a GPU from compute capability 8.0 on, and a CPU as [CPUBFloat16] says. It is false
// of a device that is not to be had.
func (d Device) MultipliesBFloat16() bool {
	if !d.cuda {
		return CPUBFloat16() != ""
	}
	if n, err := CUDADevices(); err != nil || d.n < 0 || d.n >= n {
		return false
	}
	var yes C.int
	return shimErr(C.gt_cuda_bfloat16(C.int(d.n), &yes)) == nil && yes != 0
}

// isSharedLibrary says whether path is an ELF file. One of the same name that is
// not may be a linker script, which stands in for the library at build time.
func isSharedLibrary(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "\x7fELF"
}

// Synchronize waits until the device has done what was asked of it.
func (rt *Runtime) Synchronize() error {
	if err := rt.check(); err != nil {
		return err
	}
	return shimErr(C.gt_synchronize(C.int(rt.opts.Device.code())))
}

// CUDAMemory returns the bytes that tensors take on the CUDA device now and at
// their peak.
func (rt *Runtime) CUDAMemory() (current, peak int64, err error) {
	if err := rt.check(); err != nil {
		return 0, 0, err
	}
	var c, p C.int64_t
	if err := shimErr(C.gt_cuda_memory(C.int(rt.opts.Device.code()), &c, &p)); err != nil {
		return 0, 0, err
	}
	return int64(c), int64(p), nil
}
