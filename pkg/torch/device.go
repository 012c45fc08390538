package torch

import (
	"fmt"
	"strconv"
	"strings"
)

// Device is where tensors live: the CPU, or the CUDA device of an index.
type Device struct {
	cuda bool
	n    int
}

// CPU is the host.
var CPU = Device{}

// CUDA returns the n-th CUDA device, counted from 0.
func CUDA(n int) Device { return Device{cuda: true, n: n} }

// IsCUDA says whether d is a CUDA device.
func (d Device) IsCUDA() bool { return d.cuda }

// code is gotch's: below zero the CPU, else the CUDA device's index.
func (d Device) code() int {
	if d.cuda {
		return d.n
	}
	return -1
}

func deviceOf(code int) Device {
	if code < 0 {
		return CPU
	}
	return CUDA(code)
}

func (d Device) String() string {
	if d.cuda {
		return "cuda:" + strconv.Itoa(d.n)
	}
	return "cpu"
}

// DeviceError says that a device's name is unknown, or that the device is not
// to be had, with the remedy.
type DeviceError struct {
	Device string
	Why    string
}

func (e *DeviceError) Error() string { return fmt.Sprintf("device %q: %s", e.Device, e.Why) }

// ParseDevice reads "cpu", "cuda" or "cuda:N". "auto" is not a device; see
// [Options].
func ParseDevice(name string) (Device, error) {
	switch {
	case name == "cpu":
		return CPU, nil
	case name == "cuda":
		return CUDA(0), nil
	case strings.HasPrefix(name, "cuda:"):
		n, err := strconv.Atoi(name[len("cuda:"):])
		if err != nil || n < 0 {
			break
		}
		return CUDA(n), nil
	}
	return CPU, &DeviceError{Device: name, Why: "want auto, cpu, cuda or cuda:N"}
}
