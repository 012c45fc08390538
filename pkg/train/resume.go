package train

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotune/gotune/internal/atomicdir"
	"github.com/gotune/gotune/internal/tensorfile"
	"github.com/gotune/gotune/pkg/torch"
)

// Changed is a run that would go on with other options than it began with: it
// would be another run.
type Changed struct {
	Options []string // the names
	Was, Is map[string]string
}

func (e *Changed) Error() string {
	lines := []string{"this would be another run than the one that began"}
	for _, o := range e.Options {
		lines = append(lines, fmt.Sprintf("%s was %s, is %s", o, orNothing(e.Was[o]), orNothing(e.Is[o])))
	}
	return strings.Join(lines, "\n  ")
}

func orNothing(v string) string {
	if v == "" {
		return "not given"
	}
	return v
}

// changed compares the options in a checkpoint with those of now. A checkpoint
// without any was written by a run that kept none.
func changed(was, is map[string]string, allow func(string) bool) error {
	if was == nil || is == nil {
		return nil
	}
	e := &Changed{Was: was, Is: is}
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was[name] != is[name] && (allow == nil || !allow(name)) {
			e.Options = append(e.Options, name)
		}
	}
	if e.Options == nil {
		return nil
	}
	return e
}

// resume restores the newest whole checkpoint, telling of each damaged one
// before it. A run that was killed before its first one begins anew: nothing of
// it was random.
func (f *fit[B]) resume() error {
	run := f.o.Dir
	if err := cleanUp(run); err != nil {
		return err
	}
	steps, err := checkpoints(run)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		f.o.Observe(ResumeEvent{})
		return nil
	}
	for _, step := range slices.Backward(steps) {
		dir := checkpointDir(run, step)
		p, err := verifyCheckpoint(dir)
		if err != nil {
			f.o.Observe(CheckpointEvent{Dir: dir, Err: fmt.Errorf("checkpoint %s: %w", dir, err)})
			continue
		}
		if err := changed(p.Options, f.o.Options, f.allowed(p.Options)); err != nil {
			return err
		}
		if err := f.restore(dir, p); err != nil {
			return err
		}
		f.p = p
		f.saver.found(dir, p)
		f.o.Observe(ResumeEvent{Dir: dir, Step: p.Step, Epochs: len(p.Epochs), Ended: f.ended()})
		return nil
	}
	return &NoCheckpoint{Run: run}
}

// ended says whether the last step is done, and its epoch evaluated.
func (f *fit[B]) ended() bool {
	return f.p.EpochCount == 0 && (f.p.Step >= f.plan.Steps() || f.stoppedEarly())
}

// allowed says which options of a checkpoint may have changed. One by a run that named
// its options is held to those that both know, where this one names none.
func (f *fit[B]) allowed(was map[string]string) func(string) bool {
	allow := f.o.AllowChange
	if !f.unnamed {
		return allow
	}
	return func(name string) bool {
		_, before := was[name]
		_, now := f.o.Options[name]
		return !before || !now || allow != nil && allow(name)
	}
}

// checkNew refuses a folder for a new run that holds checkpoints: the two runs' could
// not be told apart.
func checkNew(run string) error {
	steps, err := checkpoints(run)
	if err == nil && len(steps) > 0 {
		err = fmt.Errorf("%s holds another run's checkpoints; choose another folder, or go on with it by Resume", run)
	}
	return err
}

// NoCheckpoint is Fit's error when a run that is to go on has checkpoints and none
// of them is whole. Each one's damage was told to Observe.
type NoCheckpoint struct{ Run string }

func (e *NoCheckpoint) Error() string { return e.Run + ": no whole checkpoint to go on from" }

// cleanUp removes what a killed run had begun to write.
func cleanUp(run string) error {
	// All that Fit, and the programs beside it, write there in one step.
	inRun := func(name string) bool {
		return slices.Contains([]string{"model", "run.yaml", "metrics.jsonl", "evaluation.json", "report.html", "curves.png"}, name)
	}
	isCheckpoint := func(name string) bool {
		_, ok := stepOf(name)
		return ok
	}
	return errors.Join(atomicdir.Clean(run, inRun), atomicdir.Clean(checkpointsDir(run), isCheckpoint))
}

// restore reads a checkpoint that was found whole.
func (f *fit[B]) restore(dir string, p progress) error {
	from := func(file string, use func(*torch.WeightFile) error) error {
		if p.Files[file] == "" {
			return nil
		}
		return readInto(filepath.Join(dir, file), use)
	}
	if err := from(modelFile, f.model.Store().CopyFrom); err != nil {
		return err
	}
	f.o.Optimizer.forget()
	if err := from(optimizerFile, f.o.Optimizer.Restore); err != nil {
		return err
	}
	if f.ema != nil && p.Step > 0 {
		if p.Files[emaFile] == "" {
			return fmt.Errorf("%s holds no averaged weights: the run began without --ema", dir)
		}
		if err := from(emaFile, f.ema.Restore); err != nil {
			return err
		}
	}
	if f.o.RestoreBest {
		if err := from(bestFile, f.restoreBest); err != nil {
			return err
		}
	}
	return f.restoreRNG(p.RNG)
}

// restoreRNG puts the generators' states back. A run that began on a GPU and goes on
// without, or the other way round, has the CPU's alone in common, which is the first.
func (f *fit[B]) restoreRNG(states [][]byte) error {
	now, err := f.rt.RNGState()
	if err != nil {
		return err
	}
	copy(now, states)
	return f.rt.SetRNGState(now)
}

// restoreBest copies the best epoch's weights out of a checkpoint.
func (f *fit[B]) restoreBest(w *torch.WeightFile) error {
	st := f.rt.NewStoreFrom(w.Source())
	defer st.Close()
	for _, p := range f.model.Store().All() {
		if _, err := st.Buffer(p.Name, p.T.DType(), torch.Constant(0), p.T.Shape()...); err != nil {
			return err
		}
	}
	var err error
	f.best, err = newHostCopy([]part{{bestFile, st}})
	return err
}

func readInto(path string, use func(*torch.WeightFile) error) error {
	file, err := tensorfile.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := torch.NewWeightFile(file, nil)
	if err != nil {
		return err
	}
	if err := use(w); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
