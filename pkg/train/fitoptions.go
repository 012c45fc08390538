package train

import (
	"fmt"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
)

// FitOptions are those of Fit. Epochs, Batch, Optimizer and Schedule have no
// default; the rest may be zero.
type FitOptions struct {
	Epochs     int
	Batch      int // examples in an optimiser step
	Accumulate int // micro-batches that a step is split into; 0: 1
	Seed       uint64
	Workers    int // goroutines that build batches; 0: built in the loop

	Optimizer *Adam
	Schedule  schedule.Schedule
	ClipNorm  float64 // global L2 norm of the gradients; 0: not clipped
	Loss      Loss

	Freeze    *freeze.Plan // which parameters train when; nil: those that are trainable
	EarlyStop int          // epochs without a better one after which the run ends; 0: never

	EvalBatch int
	EvalOrder []int // see EvalOptions.Order
	EvalFirst bool  // also evaluate before the first step, to compare with

	// Dir is the run's folder: checkpoints/ and model/ go there. "": nothing is
	// saved.
	Dir             string
	SaveModel       func(dir string) error // writes the model in its ecosystem's format
	CheckpointEvery int                    // steps; 0: at each epoch's end
	Keep            int                    // checkpoints; 0: 1
	Resume          bool                   // go on from Dir's newest whole checkpoint

	Observe func(Event)
}

// Loss is cross-entropy with options.
type Loss struct {
	LabelSmoothing float64
	ClassWeights   []float64 // [C]; nil: all 1
}

// Interrupted is Fit's error when ctx ended: what was reached is saved.
type Interrupted struct {
	Step       int
	Checkpoint string // "" where nothing could be, or was to be, saved
	Err        error  // of saving
}

func (e *Interrupted) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("interrupted after step %d, and not saved: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("interrupted after step %d", e.Step)
}

func (e *Interrupted) Unwrap() error { return e.Err }
