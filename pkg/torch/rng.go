package torch

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Seed starts the device's default generator anew: dropout and initial weights
// are drawn from it. The CPU's, a Mersenne twister, takes the seed's lower 32
// bits.
func (rt *Runtime) Seed(seed uint64) error {
	if err := rt.check(); err != nil {
		return err
	}
	for _, d := range rt.generators() {
		if err := shimErr(C.gt_seed(C.int(d.code()), C.uint64_t(seed))); err != nil {
			return fmt.Errorf("seed %s: %w", d, err)
		}
	}
	return nil
}

// generators lists the devices whose generators a run draws from: the CPU's
// makes the initial weights, also when training is on a GPU.
func (rt *Runtime) generators() []Device {
	if rt.opts.Device.IsCUDA() {
		return []Device{CPU, rt.opts.Device}
	}
	return []Device{CPU}
}

// RNGState returns the states of the default generators, for a checkpoint: one
// per device, the CPU's first.
func (rt *Runtime) RNGState() ([][]byte, error) {
	if err := rt.check(); err != nil {
		return nil, err
	}
	var states [][]byte
	for _, d := range rt.generators() {
		buf := make([]byte, 16<<10) // the CPU's Mersenne twister takes 5,056 bytes
		var n C.size_t
		if err := shimErr(C.gt_rng_get(C.int(d.code()), unsafe.Pointer(&buf[0]), C.size_t(len(buf)), &n)); err != nil {
			return nil, fmt.Errorf("read generator of %s: %w", d, err)
		}
		states = append(states, buf[:n])
	}
	return states, nil
}

// SetRNGState puts back what RNGState returned. A state of another size or
// device count is an error.
func (rt *Runtime) SetRNGState(states [][]byte) error {
	if err := rt.check(); err != nil {
		return err
	}
	devs := rt.generators()
	if len(states) != len(devs) {
		return fmt.Errorf("generator states: %d, want %d (%v)", len(states), len(devs), devs)
	}
	for i, d := range devs {
		if len(states[i]) == 0 {
			return fmt.Errorf("generator state of %s is empty", d)
		}
		if err := shimErr(C.gt_rng_set(C.int(d.code()), unsafe.Pointer(&states[i][0]), C.size_t(len(states[i])))); err != nil {
			return fmt.Errorf("restore generator of %s: %w", d, err)
		}
	}
	return nil
}
