package cli

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// Processor are the flags that say what libtorch runs on.
type Processor struct {
	Device    string `default:"auto" help:"auto, cpu, cuda or cuda:N." group:"Machine" yaml:"device"`
	Precision string `default:"auto" enum:"auto,fp32,bf16" help:"auto, fp32, or bf16: products in bfloat16 with float32 weights." group:"Machine" yaml:"precision"`
	Threads   int    `default:"0" help:"Threads for libtorch; 0: one per core." group:"Machine" yaml:"threads"`
}

// Machine are the flags that every verb with a model has.
type Machine struct {
	Processor `yaml:",inline"`
	Workers   int    `default:"-1" help:"Goroutines that prepare batches; -1: one per core, 0: none beside the training thread." group:"Machine" yaml:"workers"`
	Seed      uint64 `default:"42" help:"Of all that is drawn: in training the split, the order, new weights and dropout; in eval what --limit takes, and the resamples of the intervals." group:"Machine" yaml:"seed"`

	keepMemory bool
}

// Validate reports every fault at once. Whether the device is there is Check's to
// say: doctor asks for one that is not.
func (p Processor) Validate() error {
	var errs []error
	if _, err := p.device(); err != nil {
		errs = append(errs, err)
	}
	if p.Threads < 0 {
		errs = append(errs, fmt.Errorf("--threads: %d, want 0 (one per core) or more", p.Threads))
	}
	return errors.Join(errs...)
}

// Check reports a device that is not there, before anything is fetched or read for
// it.
func (p Processor) Check() error {
	d, err := p.device()
	if err != nil || p.Device == "auto" {
		return nil //nolint:nilerr // Validate has told
	}
	if err := d.Check(); err != nil {
		return fmt.Errorf("--device: %w", err)
	}
	return nil
}

func (p Processor) device() (d torch.Device, err error) {
	if p.Device != "auto" {
		if d, err = torch.ParseDevice(p.Device); err != nil {
			err = fmt.Errorf("--device: %w", err)
		}
	}
	return d, err
}

// Validate reports every fault at once.
func (m Machine) Validate() error {
	errs := []error{m.Processor.Validate(), m.Check()}
	if m.Workers < -1 {
		errs = append(errs, fmt.Errorf("--workers: %d, want -1 (one per core) or more", m.Workers))
	}
	return errors.Join(errs...)
}

// Answering is the machine for a verb that only runs a network forward: memory is
// kept for the next batch, which makes BERT a tenth faster. Training gains nothing by
// it, and VGG's holds a fifth more.
func (m Machine) Answering() Machine {
	m.keepMemory = true
	return m
}

// OpenRuntime opens libtorch as the flags say; a wrong one is a UsageError.
func OpenRuntime(m Machine) (*torch.Runtime, error) {
	rt, err := train.Open(train.Options{Device: m.Device, Precision: m.Precision, Threads: m.Threads, Seed: m.Seed, KeepMemory: m.keepMemory})
	return rt, Usage(err)
}

// WorkerCount resolves -1 to one per core.
func (m Machine) WorkerCount() int {
	if m.Workers < 0 {
		return runtime.GOMAXPROCS(0)
	}
	return m.Workers
}
