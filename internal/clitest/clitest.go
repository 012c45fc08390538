// Package clitest holds the commands that the scripts of both programs use beside
// testscript's own.
package clitest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/gotune/gotune/internal/hubtest"
)

// Commands returns the commands, with those of the program itself.
func Commands(own map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits, "waitfor": waitFor, "signal": sendSignal, "tmpfs": mountTmpfs, "hub": startHub, "near": near,
	}
	maps.Copy(all, own)
	return all
}

// Condition returns the conditions: mount, the right to mount a small file
// system.
func Condition(t *testing.T) func(name string) (bool, error) {
	return func(name string) (bool, error) {
		if name != "mount" {
			return false, fmt.Errorf("unknown condition %q", name)
		}
		return os.Geteuid() == 0 && mountable(t.TempDir()), nil
	}
}

// exits runs a command that must end with the exit code. What ends with 2 says
// so on stderr alone, in one error.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if want != 2 {
		return
	}
	stderr := ts.ReadFile("stderr")
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout of a failure: %q", out)
	}
	if n := strings.Count(stderr, args[1]+": "); n != 1 {
		ts.Fatalf("%d errors of %s on stderr, want 1", n, args[1])
	}
	if strings.Contains(stderr, "goroutine ") {
		ts.Fatalf("a panic")
	}
}

// waitFor waits until a file whose name matches the pattern is there and holds
// something.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor pattern")
	}
	for range 600 {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", args[0])
}

// sendSignal signals the process whose id the file holds: testscript's kill knows
// INT and KILL alone.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal name pidfile")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(args[1])))
	ts.Check(err)
	sig := unix.SignalNum("SIG" + args[0])
	if sig == 0 {
		ts.Fatalf("no signal %s", args[0])
	}
	ts.Check(syscall.Kill(pid, sig))
}

// mountTmpfs mounts a file system of the size on the folder, for the script's
// time; again: it gets the new size.
func mountTmpfs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tmpfs folder size")
	}
	dir := ts.MkAbs(args[0])
	if _, err := os.Stat(dir); err == nil {
		ts.Check(unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size="+args[1]))
		return
	}
	ts.Check(os.Mkdir(dir, 0o755))
	ts.Check(unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			ts.Logf("unmount %s: %v", dir, err)
		}
	})
}

func mountable(dir string) bool {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		return false
	}
	return unix.Unmount(dir, unix.MNT_DETACH) == nil
}

// startHub makes this machine a hub with one repository, of the files in a
// folder, and lets the programs use it. Its commit is one letter many times over.
func startHub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: hub org/name folder [letter]")
	}
	commit := "a"
	if len(args) == 3 {
		commit = args[2]
	}
	entries, err := os.ReadDir(ts.MkAbs(args[1]))
	ts.Check(err)
	files := make(map[string][]byte)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(ts.MkAbs(args[1]), e.Name()))
		ts.Check(err)
		files[e.Name()] = data
	}
	h := hubtest.Start()
	ts.Defer(h.Close)
	h.Add(args[0], strings.Repeat(commit, 40), files)
	ts.Setenv("HF_ENDPOINT", h.URL)
	ts.Setenv("HF_HUB_OFFLINE", "")
	ts.Setenv("HF_HOME", ts.MkAbs("hf"))
}
