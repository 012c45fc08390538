package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/pkg/train"
)

// keeper saves the best model as it is found, or the last where none is known to be.
// Hours of training are worth more than one save: a failure, such as a full disk, is
// told at once, and the run goes on to where a later save, or the last, may succeed.
type keeper struct {
	save   func(dir string) error
	dir    string
	resume string // the command that goes on with the run
	warn   func(format string, args ...any)
	tried  bool
	err    error // of the newest save
}

// try is train.FitOptions' SaveModel.
func (k *keeper) try(dir string) error {
	k.tried = true
	if k.err = k.save(dir); k.err != nil {
		k.warn("warning: %v; training goes on, and the model is saved again at the end", k.err)
	}
	return nil
}

// finish saves once more what could not be saved, now that the run has ended and
// the weights are the last epoch's. Where the best was an earlier one its weights
// are gone, and that is the run's error, with a model on disk all the same.
func (k *keeper) finish(r train.Result) error {
	if r.Best == nil || len(r.Epochs) == 0 {
		return k.err
	}
	last := r.Epochs[len(r.Epochs)-1].Epoch
	isLast := r.Best.Epoch == last
	_, err := os.Stat(k.dir)
	gone := errors.Is(err, fs.ErrNotExist)
	// A run that had ended, and did so without room for its last model, goes on
	// only to save it.
	if k.err == nil && !gone && (k.tried || !isLast) {
		return nil
	}
	lost := fmt.Sprintf("the best model, of epoch %d, could not be saved", r.Best.Epoch)
	if k.err != nil {
		lost += ": " + k.err.Error()
	}
	if !isLast && !gone {
		return fmt.Errorf("%s\n%s holds the best before it", lost, k.dir)
	}
	if err := k.save(k.dir); err != nil {
		return k.elsewhere(err)
	}
	if !isLast {
		return fmt.Errorf("%s\n%s holds that of epoch %d", lost, k.dir, last)
	}
	return nil
}

// elsewhere saves the model where temporary files go: with no room for a
// checkpoint either, all would be lost.
func (k *keeper) elsewhere(cause error) error {
	tmp, err := os.MkdirTemp("", "model-*")
	if err == nil {
		err = k.save(filepath.Join(tmp, modelName))
	}
	if err != nil {
		return fmt.Errorf("trained, but %w\nmake room, then go on from the newest checkpoint, if there is one: %s", cause, k.resume)
	}
	return fmt.Errorf("trained, but %w\nthe model is in %s instead; make room, then move it to %s", cause, filepath.Join(tmp, modelName), k.dir)
}
