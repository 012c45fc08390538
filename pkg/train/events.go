package train

import "time"

// Event is what a run tells of itself: a StepEvent, an EpochEvent, an
// UntrainedEvent, an EvalEvent, a PredictionEvent, a SavingEvent, a
// CheckpointEvent, a ResumeEvent or an EarlyStopEvent.
type Event interface{ event() }

// StepEvent is one optimiser step.
type StepEvent struct {
	Step     int     `json:"step"` // steps done, from 1
	Steps    int     `json:"steps"`
	Epoch    int     `json:"epoch"` // from 1
	Loss     float64 `json:"loss"`
	LR       float64 `json:"lr"`
	GradNorm float64 `json:"grad_norm"` // global L2, before clipping
	Examples int     `json:"examples"`  // in this step
	Tokens   int     `json:"tokens,omitempty"`
	// Rates are the groups' learning rates, bottom to top, 0 for a frozen one;
	// nil where every group trains at LR.
	Rates []float64 `json:"rates,omitempty"`

	Duration time.Duration `json:"-"` // of this step, the wait for its batch included
}

// EpochEvent is an epoch and the evaluation after it.
type EpochEvent struct {
	EpochResult
	Best     bool          `json:"best"`
	Duration time.Duration `json:"-"`
}

// UntrainedEvent is the evaluation before the first step.
type UntrainedEvent struct{ Score }

// EvalEvent is progress of an evaluation.
type EvalEvent struct{ Done, Total int }

// PredictionEvent is an example of an evaluation by Eval. Its logits are not to
// be kept.
type PredictionEvent struct{ Prediction }

// SavingEvent is a checkpoint about to be copied and written: what an observer
// keeps of the run so far should be on disk by the time it is.
type SavingEvent struct{ Step int }

// CheckpointEvent tells of a checkpoint: saved, skipped for want of space, found
// damaged, or not removed to make room for a newer one.
type CheckpointEvent struct {
	Dir  string
	Step int
	Err  error // nil: saved

	Bytes   int64         // of tensors
	Copied  time.Duration // for which the training waited
	Written time.Duration // from its beginning until it was on disk
}

// ResumeEvent is a run that goes on from a checkpoint, or, where it was killed
// before its first one, begins anew.
type ResumeEvent struct {
	Dir    string // "": none
	Step   int    // steps done
	Epochs int    // epochs evaluated
	Ended  bool   // nothing is left to train
}

// EarlyStopEvent is a run that ends before its last epoch, for want of a better
// one.
type EarlyStopEvent struct {
	Epoch int // the last, from 1
	Best  EpochResult
}

func (EarlyStopEvent) event()  {}
func (PredictionEvent) event() {}
func (StepEvent) event()       {}
func (EpochEvent) event()      {}
func (UntrainedEvent) event()  {}
func (EvalEvent) event()       {}
func (SavingEvent) event()     {}
func (CheckpointEvent) event() {}
func (ResumeEvent) event()     {}

// EpochResult is a line of the run's table.
type EpochResult struct {
	Epoch       int      `json:"epoch"` // from 1
	Step        int      `json:"step"`
	TrainLoss   float64  `json:"train_loss"`
	ValLoss     *float64 `json:"val_loss"` // nil without validation data
	ValAccuracy *float64 `json:"val_accuracy"`
	ValF1       *float64 `json:"val_f1"` // mean over the classes that occur
	Seconds     float64  `json:"seconds"`
}

// Result is a finished, or interrupted, run.
type Result struct {
	Steps     int           `json:"steps"`
	Untrained *Score        `json:"untrained,omitempty"` // before the first step, with EvalFirst
	Epochs    []EpochResult `json:"epochs"`
	Best      *EpochResult  `json:"best"` // nil before the first epoch's end

	Examples int           `json:"-"` // trained on in this process
	Tokens   int           `json:"-"`
	Duration time.Duration `json:"-"` // of the training steps alone
}
