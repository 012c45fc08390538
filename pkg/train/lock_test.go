package train_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotune/gotune/pkg/train"
)

// Who comes second learns who is there, and Fit's own lock is the same one.
func TestLockRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "run")
	lock, err := train.LockRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	var used *train.InUse
	_, err = train.LockRun(dir)
	if !errors.As(err, &used) || used.Dir != dir || !strings.HasPrefix(used.Holder, "process ") || !strings.Contains(err.Error(), dir) {
		t.Errorf("the second: %v", err)
	}
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir}}).fit(t); !errors.As(err, &used) {
		t.Errorf("Fit beside it: %v", err)
	}
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir, Lock: lock}}).fit(t); err != nil {
		t.Errorf("Fit with it: %v", err)
	}
	lock.Release()
	if _, err := os.Stat(filepath.Join(dir, train.LockName)); !os.IsNotExist(err) {
		t.Errorf("the lock's file is still there: %v", err)
	}
	if _, _, err := (toy{opts: train.FitOptions{Dir: dir, Resume: true}}).fit(t); err != nil {
		t.Errorf("Fit after it: %v", err)
	}
}

// What a killed process leaves is no lock, whatever it says.
func TestLockOfAKilledProcess(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, train.LockName)
	// --no-fork: the process that holds the lock is the one that is killed.
	c := exec.Command("flock", "--no-fork", path, "sh", "-c", `echo process 1 on elsewhere >"$0"; echo; exec sleep 100`, path)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Skipf("no flock: %v", err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	var used *train.InUse
	if _, err := train.LockRun(dir); !errors.As(err, &used) || used.Holder != "process 1 on elsewhere" {
		t.Errorf("while it lives: %v", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // says that it was killed
	lock, err := train.LockRun(dir)
	if err != nil {
		t.Fatalf("once it is dead: %v", err)
	}
	lock.Release()
}

// However many come and go at once, one at a time holds it.
func TestLockIsHeldByOne(t *testing.T) {
	dir := t.TempDir()
	var inside, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 300 {
				lock, err := train.LockRun(dir)
				var used *train.InUse
				if errors.As(err, &used) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two hold it")
				}
				taken.Add(1)
				inside.Add(-1)
				lock.Release()
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("nobody had it")
	}
}
