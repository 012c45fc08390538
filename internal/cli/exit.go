package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

// UsageError is a wrong flag, or an input that is not as it should be: the user
// can mend it.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Usage wraps err, if there is one, as the user's to mend.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{err}
}

// interruption is a run that stopped where it was asked to, with the command
// that goes on.
type interruption struct {
	err    *train.Interrupted
	resume string
}

func (e *interruption) Error() string {
	switch {
	case e.err.Checkpoint == "":
		return e.err.Error()
	case e.err.Err != nil: // which tells the checkpoint
		return fmt.Sprintf("%v; go on with: %s", e.err, e.resume)
	}
	return fmt.Sprintf("%v; saved in %s; go on with: %s", e.err, e.err.Checkpoint, e.resume)
}

func (e *interruption) Unwrap() error { return e.err }

// resume is the command that goes on with a run.
func (env *Env) resume(run string) string { return env.Program + " resume " + ShellWord(run) }

func exitCode(err error) int {
	var (
		use    *UsageError
		data   *corpus.DataError
		device *torch.DeviceError
		in     *train.Interrupted
	)
	switch {
	case errors.As(err, &in):
		if in.Err != nil {
			return exitFailed
		}
		return exitInterrupted
	case errors.Is(err, syscall.ENOSPC):
		return exitFailed // also where it is an --out that cannot be made
	case errors.As(err, &use), errors.As(err, &data), errors.As(err, &device), errors.Is(err, hub.ErrUsage):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}
