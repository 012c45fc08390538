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

// Check returns a *[DeviceError], which says what to do, where the device is not to be
// had. For a GPU it loads libtorch_cuda from beside libtorch_cpu.
func (d Device) Check() error {
	if !d.cuda {
		return nil
	}
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
// on. Without any ok is false; the error says what is missing, or what is wrong with
// one, which may be too old for this libtorch_cuda, or have no memory left.
func FirstCUDA() (d Device, ok bool, err error) {
	if n, err := CUDADevices(); err != nil || n == 0 {
		return CPU, false, err
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

// DeviceMemory is a CUDA device's memory in bytes.
type DeviceMemory struct {
	Current   int64 // that tensors take now
	Peak      int64 // that they took at most
	Available int64 // that more tensors could take now
}

// CUDAMemory returns how the memory of the runtime's CUDA device is used.
func (rt *Runtime) CUDAMemory() (DeviceMemory, error) {
	if err := rt.check(); err != nil {
		return DeviceMemory{}, err
	}
	var current, peak, available C.int64_t
	if err := shimErr(C.gt_cuda_memory(C.int(rt.opts.Device.code()), &current, &peak, &available)); err != nil {
		return DeviceMemory{}, err
	}
	return DeviceMemory{Current: int64(current), Peak: int64(peak), Available: int64(available)}, nil
}
