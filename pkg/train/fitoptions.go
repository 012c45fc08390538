package train

import (
	"fmt"
	"slices"

	"github.com/gotune/gotune/pkg/freeze"
	"github.com/gotune/gotune/pkg/schedule"
)

// FitOptions are those of Fit. Epochs, Batch, Optimizer and Schedule have no
// default; the rest may be zero.
type FitOptions struct {
	Epochs     int
	Batch      int // examples in an optimiser step
	Accumulate int // micro-batches that a step is split into; 0: 1
	// MaxBatchTokens bounds a micro-batch's tokens with padding, its examples times
	// the longest: a step with more is split further, ordered by length. 0: no bound.
	// The batches are to be Divisible.
	MaxBatchTokens int
	Seed           uint64
	Workers        int // goroutines that build batches; 0: built in the loop

	Optimizer *Adam
	Schedule  schedule.Schedule // a *schedule.ReducePlateau observes the validation loss
	ClipNorm  float64           // global L2 norm of the gradients; 0: not clipped
	ClipValue float64           // of each of the gradients' elements, before the norm; 0: not clipped
	Loss      Loss
	Mix       Mix     // of the examples of a step, whose batches are Mixable
	EMA       float64 // decay of the averaged weights, which are then the model; 0: none

	// Order replaces the seeded shuffle of each epoch: as many indices as there
	// are examples, by a pure function. See BalancedOrder and GroupedOrder.
	Order func(epoch int) []int

	Freeze *freeze.Plan // which parameters train when; nil: those that are trainable

	BestBy          Metric  // tells the best epoch
	EarlyStop       int     // epochs without a better one after which the run ends; 0: never
	EarlyStopMetric Metric  // tells a better one; "": BestBy
	EarlyStopMin    float64 // by how much it must be better
	RestoreBest     bool    // leaves the best epoch's weights in the model, not the last one's

	EvalBatch int
	EvalOrder []int // see EvalOptions.Order
	EvalFirst bool  // also evaluate before the first step, to compare with

	// Dir is the run's folder: checkpoints/ and model/ go there. "": nothing is
	// saved.
	Dir             string
	SaveModel       func(dir string) error // writes the model in its ecosystem's format, as BERT's and vision's Save do: dir is there or not
	CheckpointEvery Cadence
	Keep            int // checkpoints; 0: 1
	// Resume goes on from Dir's newest whole checkpoint, whatever model, optimiser and
	// schedule hold by then. Where Dir has no checkpoint yet, the run begins with the
	// weights and the optimiser's state as they are: after a run that ended before its
	// first one, pass new ones. Without Resume a Dir that has checkpoints is an error.
	Resume bool
	Lock   *Lock // of Dir, where the caller holds it; nil: Fit locks it

	// Options say, by name, what makes the run. A checkpoint holds them, and a run
	// that goes on with others is refused, except where AllowChange is true. nil: Fit's
	// own Seed, Batch, Accumulate, MaxBatchTokens and the number of examples, as far as
	// the checkpoint has them.
	Options     map[string]string
	AllowChange func(option string) bool // nil: for none

	Observe func(Event)
}

// Loss is cross-entropy with options.
type Loss struct {
	LabelSmoothing float64
	ClassWeights   []float64 // [C], 0 or more; nil: all 1
}

// Interrupted is Fit's error when ctx ended: what was reached is saved. It is also,
// to errors.Is, ctx's error and its cause.
type Interrupted struct {
	Step       int
	Checkpoint string // "" where nothing could be, or was to be, saved
	Err        error  // of saving
	Cause      error  // context.Cause's

	ended error // ctx's
}

func (e *Interrupted) Error() string {
	switch {
	case e.Err != nil && e.Checkpoint != "":
		return fmt.Sprintf("interrupted after step %d, which is saved in %s, but the model is not: %v", e.Step, e.Checkpoint, e.Err)
	case e.Err != nil:
		return fmt.Sprintf("interrupted after step %d, and not saved: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("interrupted after step %d", e.Step)
}

// Unwrap returns the errors that there are of Err, Cause and ctx's own.
func (e *Interrupted) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Err, e.Cause, e.ended}, func(err error) bool { return err == nil })
}
