package train

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/sharedtest"
)

// withCheckpoints returns a run that has those, and folders beside them.
func withCheckpoints(t *testing.T, steps ...int) string {
	t.Helper()
	run := t.TempDir()
	dirs := []string{filepath.Join(checkpointsDir(run), "step-000011-mine"), filepath.Join(checkpointsDir(run), "step-7")}
	for _, s := range steps {
		dirs = append(dirs, checkpointDir(run, s))
	}
	for _, dir := range dirs {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, progressFile), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// The one just written stays, whatever later ones there are, and what is no
// checkpoint too.
func TestPrune(t *testing.T) {
	for _, c := range []struct {
		step, keep int
		want       []int
	}{
		{44, 0, []int{44}},
		{44, 2, []int{33, 44}},
		{22, 1, []int{22}},
		{33, 2, []int{22, 33}},
		{33, 9, []int{11, 22, 33}},
		{1000000, 1, []int{1000000}},
	} {
		all := []int{11, 22, 33, 44}
		if !slices.Contains(all, c.step) {
			all = append(all, c.step)
		}
		run := withCheckpoints(t, all...)
		if left := prune(run, c.step, c.keep); left != nil {
			t.Errorf("%+v: could not remove %v", c, left)
		}
		got, err := checkpoints(run)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("after step %d, keeping %d: %s", c.step, c.keep, d)
		}
		for _, mine := range []string{"step-000011-mine", "step-7"} {
			if _, err := os.Stat(filepath.Join(checkpointsDir(run), mine)); err != nil {
				t.Error(err)
			}
		}
	}
}

// A checkpoint is saved though an earlier one cannot be removed, which is told.
func TestPruneFails(t *testing.T) {
	run := withCheckpoints(t, 11, 22)
	old := checkpointDir(run, 11)
	if err := os.Chmod(old, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(old, 0o755) })
	sharedtest.Unprivileged(t, filepath.Dir(run))
	left := prune(run, 22, 1)
	if len(left) != 1 || left[0].Dir != old || !errors.Is(left[0].Err, os.ErrPermission) {
		t.Fatalf("could not remove %+v, want %s", left, old)
	}
	var events []Event
	f := &fit[mixed]{saver: &saver{writing: make(chan saved, 1)}, o: FitOptions{Observe: func(e Event) { events = append(events, e) }}}
	done := CheckpointEvent{Dir: checkpointDir(run, 22), Step: 22}
	f.saver.writing <- saved{CheckpointEvent: done, left: left}
	f.reap(true)
	if f.failed || f.saver.whole != 22 {
		t.Errorf("failed: %v, the newest whole one is of step %d", f.failed, f.saver.whole)
	}
	if len(events) != 2 || events[0] != Event(done) || events[1] != Event(left[0]) {
		t.Errorf("events %+v", events)
	}
}
