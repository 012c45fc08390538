package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/gotune/gotune/pkg/train"
)

// Rate and time left are those of the newest steps: a slow start is forgotten, and a
// thaw begins anew.
func TestPace(t *testing.T) {
	var p pace
	step := 0
	run := func(steps int, took time.Duration, rates ...float64) {
		for range steps {
			step++
			p.add(train.StepEvent{Step: step, Steps: 400, LR: 1, Examples: 8, Duration: took, Rates: rates})
		}
	}
	check := func(rate float64, left time.Duration) {
		t.Helper()
		if got := p.rate(); got != rate {
			t.Errorf("after step %d: %g examples a second, want %g", step, got, rate)
		}
		if got := p.left(10); got != left {
			t.Errorf("after step %d: %v left of ten steps, want %v", step, got, left)
		}
	}
	check(0, 0)
	run(1, 16*time.Second, 0, 0, 1)
	check(0.5, 160*time.Second)
	run(100, time.Second, 0, 0, 1)
	check(8, 10*time.Second)
	run(1, 4*time.Second, 0, 1, 1) // another group trains
	check(2, 40*time.Second)
	run(30, 2*time.Second, 0, 1, 1)
	check(4, 20*time.Second)
	run(1, 8*time.Second) // all do
	check(1, 80*time.Second)

	// Of a long run's fast steps a twentieth is looked at, which is more.
	p, step = pace{}, 0
	run(100, time.Minute)
	if len(p.recent) != 20 {
		t.Errorf("%d steps are looked at, want a twentieth of 400", len(p.recent))
	}
	run(2000, 10*time.Millisecond)
	if len(p.recent) != 2000 {
		t.Errorf("%d steps of 10 ms are looked at, want 20 s of them", len(p.recent))
	}
}

// The schedule's last step, at a rate of 0, is no thaw's opposite.
func TestPaceAtRateZero(t *testing.T) {
	var p pace
	p.add(train.StepEvent{Steps: 3, LR: 1, Duration: time.Second, Rates: []float64{0, 1}})
	p.add(train.StepEvent{Steps: 3, LR: 0, Duration: time.Second, Rates: []float64{0, 0}})
	if len(p.recent) != 2 {
		t.Errorf("%d steps are looked at, want 2", len(p.recent))
	}
}

// An epoch's line tells the epoch's own rate, which agrees with the time beside it,
// and what is left at the pace of its last steps.
func TestEpochsTellTheirOwnRate(t *testing.T) {
	env, told := testEnv(t)
	p := newProgress(env)
	step := 0
	epoch := func(n int, took time.Duration, rates ...float64) {
		for range 10 {
			step++
			p.observe(train.StepEvent{Step: step, Steps: 30, Epoch: n, LR: 1e-3, Examples: 8, Duration: took, Rates: rates})
		}
		r := score(1, 0.5)
		r.Epoch, r.Seconds = n, (10*took + 10*time.Second).Seconds()
		p.observe(train.EpochEvent{EpochResult: r, Duration: 10 * time.Second})
	}
	epoch(1, time.Second, 0, 1)
	epoch(2, 7*time.Second, 1, 1)
	p.observe(train.StepEvent{Step: 30, Steps: 30, Epoch: 3, LR: 1e-3, Examples: 8, Duration: 4 * time.Second})
	r := score(1, 0.5)
	r.Epoch, r.Seconds = 3, 100 // most of it before the run was resumed
	p.observe(train.EpochEvent{EpochResult: r, Duration: 4 * time.Second})
	p.observe(train.EpochEvent{EpochResult: r, Duration: 4 * time.Second}) // all of it
	lines := strings.Split(told(), "\n")
	for i, want := range []string{
		"  20s  4.0 examples/s  ",
		"  1m20s  1.0 examples/s  ",
		"  1m40s  1.0 examples/s  ",
		"  1m40s  lr 1.00e-03",
	} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %q, want %q in it", lines[i], want)
		}
	}
	for i, want := range []string{"  20s left", "  1m10s left"} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("line %q, want %q at its end", lines[i], want)
		}
	}
}
