package train

import (
	"errors"
	"fmt"

	"github.com/gotune/gotune/pkg/torch"
)

// Options fix device, precision, threads and seed for the process. The zero
// value is automatic: the first GPU if there is one, the precision the device is
// fast at, a thread per core, seed 0.
type Options struct {
	Device    string // auto, cpu, cuda, cuda:N; "": auto
	Precision string // auto, fp32, bf16; "": auto
	Threads   int    // intra-op threads; 0: one per core
	Seed      uint64
	// KeepMemory is for a program that only runs networks forward: see torch.Options.
	KeepMemory bool
}

// Open prepares libtorch as o says. An unknown name, or a device that is not to
// be had, is an error that names the flag and the remedy.
func Open(o Options) (*torch.Runtime, error) {
	device, err := chooseDevice(o.Device)
	if err != nil {
		return nil, fmt.Errorf("--device: %w", err)
	}
	cast, err := choosePrecision(o.Precision, device)
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads < 0 {
		return nil, fmt.Errorf("--threads: %d, want 0 (one per core) or more", threads)
	}
	rt, err := torch.Open(torch.Options{
		Device: device, Threads: threads, Seed: o.Seed, Autocast: cast, TF32: device.IsCUDA() && cast != torch.Float32,
		KeepMemory: o.KeepMemory,
	})
	var de *torch.DeviceError
	if errors.As(err, &de) {
		return nil, fmt.Errorf("--device: %w", err)
	}
	return rt, err
}

// chooseDevice resolves auto: a GPU where libtorch_cuda is there and can compute on
// it, and the CPU otherwise, without complaint.
func chooseDevice(name string) (torch.Device, error) {
	if name != "" && name != "auto" {
		return torch.ParseDevice(name)
	}
	d, _, _ := torch.FirstCUDA() // else the CPU
	return d, nil
}

// choosePrecision resolves auto: bf16 where the device multiplies it faster than
// fp32.
func choosePrecision(name string, d torch.Device) (torch.DType, error) {
	switch name {
	case "fp32":
		return torch.Float32, nil
	case "bf16":
		return torch.BFloat16, nil
	case "", "auto":
		if d.MultipliesBFloat16() {
			return torch.BFloat16, nil
		}
		return torch.Float32, nil
	}
	return 0, fmt.Errorf("--precision: %q, want auto, fp32 or bf16", name)
}
