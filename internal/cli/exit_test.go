package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/gotune/gotune/internal/corpus"
	"github.com/gotune/gotune/internal/hub"
	"github.com/gotune/gotune/pkg/torch"
	"github.com/gotune/gotune/pkg/train"
)

func TestExitCodes(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("train: %w", err) }
	full := &fs.PathError{Op: "write", Path: "run/model", Err: syscall.ENOSPC}
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"any failure", errors.New("boom"), exitFailed},
		{"a wrong flag", wrap(Usagef("--lr: 0")), exitUsage},
		{"wrapped as the user's", Usage(errors.New("no such tensor")), exitUsage},
		{"data", wrap(&corpus.DataError{Where: "a.csv:3", Err: errors.New("no label")}), exitUsage},
		{"a device", wrap(&torch.DeviceError{Device: "tpu", Why: "unknown"}), exitUsage},
		{"a model's name", wrap(hub.ErrUsage), exitUsage},
		{"a full disk", full, exitFailed},
		{"a full disk below a usage error", Usage(full), exitFailed},
		{"interrupted", wrap(&train.Interrupted{Step: 3, Checkpoint: "c"}), exitInterrupted},
		{"interrupted and not saved", &train.Interrupted{Step: 3, Err: full}, exitFailed},
		{"interrupted outside of training", wrap(context.Canceled), exitInterrupted},
		{"two at once", errors.Join(errors.New("boom"), Usagef("--lr")), exitUsage},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
	if Usage(nil) != nil {
		t.Error("no error became one")
	}
}

func TestExitMessages(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{nil, exitOK, ""},
		{Usagef("--lr: 0"), exitUsage, "bertft: error: --lr: 0\n"},
		{context.Canceled, exitInterrupted, "bertft: interrupted\n"},
		{
			&interruption{err: &train.Interrupted{Step: 3, Checkpoint: "run/checkpoints/step-000003"}, resume: "bertft resume run"},
			exitInterrupted, "bertft: interrupted after step 3; saved in run/checkpoints/step-000003; go on with: bertft resume run\n",
		},
		{
			&interruption{err: &train.Interrupted{Step: 3, Checkpoint: "run/c", Err: errors.New("no room")}, resume: "bertft resume run"},
			exitFailed, "bertft: interrupted after step 3, which is saved in run/c, but the model is not: no room; go on with: bertft resume run\n",
		},
		{
			&interruption{err: &train.Interrupted{Step: 3, Err: errors.New("no room")}},
			exitFailed, "bertft: interrupted after step 3, and not saved: no room\n",
		},
	} {
		env, told := testEnv(t)
		if code := env.exit(c.err); code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, code, c.code)
		}
		if got := told(); got != c.want {
			t.Errorf("told %q, want %q", got, c.want)
		}
	}
}

// testEnv is an Env whose stderr is a file; told reads it.
func testEnv(t *testing.T) (env *Env, told func() string) {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &Env{Program: "bertft", Stderr: f}, func() string {
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
}
