// Package killtest kills a program while it trains, again and again, and
// compares what it ends with, having gone on each time, with a run that was left
// alone.
package killtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Program is what is killed.
type Program struct {
	Name  string   // on PATH
	Dir   string   // in which it runs, and in which the runs' folders are made
	Train []string // the verb train with its data and flags, without --out and --json
	Env   []string
}

// Test trains once in peace; then it begins runs, kills them with SIGKILL so
// many times in all, at moments that follow from seed, and lets each go on. Every
// run must end as the first did.
func Test(t *testing.T, p Program, kills int, seed uint64) {
	t.Helper()
	whole := p.finish(t, "whole", append(p.Train, "--out", "whole", "--json"))
	want := read(t, filepath.Join(p.Dir, "whole"), whole)
	r := rand.New(rand.NewPCG(seed, 0))
	done, where := 0, make(map[string]int)
	for n := 1; done < kills; n++ {
		out := fmt.Sprintf("run%d", n)
		stdout := ""
		for ended := false; !ended; {
			if done == kills {
				stdout = p.finish(t, out, p.next(t, out))
				break
			}
			var moment string
			if moment, stdout, ended = p.kill(t, r, out, p.next(t, out)); !ended {
				done++
				where[moment]++
			}
		}
		compare(t, out, want, read(t, filepath.Join(p.Dir, out), stdout))
	}
	t.Logf("%d kills: %v", done, where)
}

// next is the command that begins the run, or goes on with it. A run that was
// killed before it had written what it is does not exist.
func (p Program) next(t *testing.T, out string) []string {
	t.Helper()
	dir := filepath.Join(p.Dir, out)
	if _, err := os.Stat(filepath.Join(dir, "run.yaml")); err == nil {
		return []string{"resume", out, "--json"}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	return append(p.Train, "--out", out, "--json")
}

// finish runs the program to its end.
func (p Program) finish(t *testing.T, out string, args []string) string {
	t.Helper()
	c := p.start(t, args)
	if err := c.Wait(); err != nil {
		t.Fatalf("%s %s: %v\n%s", p.Name, strings.Join(args, " "), err, c.Stderr)
	}
	return fmt.Sprint(c.Stdout)
}

func (p Program) start(t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	c := exec.Command(p.Name, args...)
	c.Dir, c.Env = p.Dir, append(os.Environ(), p.Env...)
	c.Stdout, c.Stderr = new(strings.Builder), new(strings.Builder)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// moments are when a process is killed: it waits for what appears in the run's
// folder, and then for a part of a time.
var moments = []struct {
	name  string
	after string // pattern of a file that is new
	delay time.Duration
}{
	{"at any time", "", 2 * time.Second},
	{"while it trains", "metrics.jsonl", 400 * time.Millisecond},
	{"while it trains", "metrics.jsonl", 2 * time.Second},
	{"while it writes a checkpoint", "checkpoints/.step-*", 5 * time.Millisecond},
	{"while it writes a checkpoint", "checkpoints/.step-*/*", 2 * time.Millisecond},
	{"while it replaces the model", ".model-*", 5 * time.Millisecond},
}

// kill starts the program and kills it; ended is true where it was done before.
func (p Program) kill(t *testing.T, r *rand.Rand, out string, args []string) (moment, stdout string, ended bool) {
	t.Helper()
	m := moments[r.IntN(len(moments))]
	delay := time.Duration(r.Float64() * float64(m.delay))
	skip := time.Duration(r.Float64() * float64(time.Second)) // or none would ever get on
	c := p.start(t, args)
	exited := make(chan error, 1)
	go func() { exited <- c.Wait() }()
	begun := time.Now()
	seen := m.after == ""
	for {
		select {
		case err := <-exited:
			if err != nil {
				t.Fatalf("%s %s: %v\n%s", p.Name, strings.Join(args, " "), err, c.Stderr)
			}
			return "", fmt.Sprint(c.Stdout), true
		case <-time.After(200 * time.Microsecond):
		}
		switch {
		case !seen && time.Since(begun) > skip && p.appeared(out, m.after, begun):
			seen, begun = true, time.Now()
		case seen && time.Since(begun) >= delay:
			if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			if err := <-exited; err == nil {
				return "", fmt.Sprint(c.Stdout), true
			}
			return m.name, "", false
		}
	}
}

// appeared says whether a file of that pattern was written since.
func (p Program) appeared(out, pattern string, since time.Time) bool {
	found, err := filepath.Glob(filepath.Join(p.Dir, out, pattern))
	if err != nil {
		return false
	}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(since) {
			return true
		}
	}
	return false
}
