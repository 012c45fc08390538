package cli

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotune/gotune/pkg/train"
)

func score(loss, accuracy float64) train.EpochResult {
	return train.EpochResult{Epoch: 1, TrainLoss: 0.5, ValLoss: &loss, ValAccuracy: &accuracy, Seconds: 61.26}
}

// Off a terminal: a line every 15 seconds at most, and one for all that matters.
func TestPlainLines(t *testing.T) {
	env, told := testEnv(t)
	p := newProgress(env)
	now := p.now()
	p.now = func() time.Time { return now }
	for i := range 10 {
		now = now.Add(4 * time.Second)
		p.observe(train.StepEvent{Step: i + 1, Steps: 20, Epoch: 1, Loss: 0.7, LR: 5e-5, GradNorm: 1.5, Examples: 8, Duration: 4 * time.Second})
	}
	for i := range 5 {
		now = now.Add(8 * time.Second)
		p.observe(train.EvalEvent{Done: 32 * (i + 1), Total: 160})
	}
	p.observe(train.EpochEvent{EpochResult: score(0.25, 0.75), Best: true})
	p.observe(train.CheckpointEvent{Dir: "c"})
	p.observe(train.CheckpointEvent{Dir: "c", Err: errors.New("no room")})
	p.observe(train.EarlyStopEvent{Epoch: 3, Best: train.EpochResult{Epoch: 1}})
	p.observe(train.ResumeEvent{Dir: "c", Step: 18})
	p.observe(train.ResumeEvent{Dir: "c", Step: 18, Ended: true})
	p.close()
	p.close()
	want := []string{
		"step 4/20  epoch 1  loss 0.7000  lr 5.00e-05  grad norm 1.50  2.0 examples/s  1m4s left",
		"step 8/20  epoch 1  loss 0.7000  lr 5.00e-05  grad norm 1.50  2.0 examples/s  48s left",
		"evaluating 32/160",
		"evaluating 96/160  4.0/s",
		"epoch 1  train loss 0.5000  val loss 0.2500  val accuracy 0.7500  1m1.3s  2.0 examples/s  lr 5.00e-05  ",
		"warning: no room",
		"stopped early after epoch 3: epoch 1 is still the best",
		"going on after step 18, from c",
		"going on after step 18, which was the last: the run has finished",
	}
	got := strings.Split(strings.TrimSuffix(told(), "\n"), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), told())
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) || strings.TrimSpace(got[i]) != got[i] {
			t.Errorf("line %q\nwant %q", got[i], want[i])
		}
	}
	if !strings.HasSuffix(got[4], "resident  40s left  best so far") {
		t.Errorf("line %q", got[4])
	}
}

// screen is what a terminal of one width shows: finished lines, and the last.
type screen struct {
	mu    sync.Mutex
	lines []string
	last  []rune
	col   int
	width int
	wraps int
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(b)
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b[K"); ok {
			s.last, text = s.last[:s.col], rest
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.lines, s.last, s.col = append(s.lines, string(s.last)), nil, 0
		default:
			s.last = append(s.last[:s.col], append([]rune{r}, s.last[min(s.col+1, len(s.last)):]...)...)
			s.col++
			if s.col > s.width {
				s.wraps++
			}
		}
	}
	return len(b), nil
}

func TestBar(t *testing.T) {
	now := time.Unix(0, 0)
	s := &screen{width: 60}
	b := &bar{out: s, width: func() int { return s.width }, now: func() time.Time { now = now.Add(time.Second); return now }}
	b.draw("epoch 1", 0, 10, "loss 0.7")
	if got, want := string(s.last), "epoch 1 ["+strings.Repeat(" ", 30)+"] 0/10  loss 0.7"; got != want {
		t.Errorf("bar %q, want %q", got, want)
	}
	b.draw("epoch 1", 5, 10, "loss")
	if got, want := string(s.last), "epoch 1 ["+strings.Repeat("=", 15)+strings.Repeat(" ", 15)+"] 5/10  loss"; got != want {
		t.Errorf("bar %q, want %q", got, want)
	}
	b.write("told\n")
	b.draw("epoch 1", 9, 10, strings.Repeat("a long note ", 20))
	if s.wraps > 0 {
		t.Errorf("the bar wraps: %q", string(s.last))
	}
	b.clear()
	b.clear()
	b.write("the end\n")
	if got, want := strings.Join(append(s.lines, string(s.last)), "|"), "told|the end|"; got != want {
		t.Errorf("screen %q, want %q", got, want)
	}

	// A fast loop does not draw each time.
	now = time.Unix(0, 0)
	var out bytes.Buffer
	b = &bar{out: &out, width: func() int { return 80 }, now: func() time.Time { now = now.Add(time.Millisecond); return now }}
	for i := range 1000 {
		b.draw("x", i, 1000, "")
	}
	if n := strings.Count(out.String(), "\r"); n < 9 || n > 11 {
		t.Errorf("drawn %d times in a second, want about 10", n)
	}
}

// Lines told from another goroutine while the bar is drawn come out whole.
func TestToldBesideTheBar(t *testing.T) {
	env, _ := testEnv(t)
	p := newProgress(env)
	s := &screen{width: 80}
	p.bar = &bar{out: s, width: func() int { return s.width }, now: time.Now}
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 100 {
			env.say("%s: told", env.Program)
		}
	})
	for i := range 200 {
		p.observe(train.StepEvent{Step: i + 1, Steps: 200, Epoch: 1, Examples: 1, Duration: time.Millisecond})
		p.bar.drawn = time.Time{}
	}
	wg.Wait()
	p.observe(train.EvalEvent{Done: 1, Total: 2})
	p.observe(train.EpochEvent{EpochResult: score(1, 0.5)})
	p.observe(train.EvalEvent{Done: 2, Total: 2})
	p.close()
	if len(s.lines) != 101 || string(s.last) != "" {
		t.Fatalf("%d lines, and %q last", len(s.lines), string(s.last))
	}
	for _, l := range s.lines[:100] {
		if l != "bertft: told" {
			t.Fatalf("line %q", l)
		}
	}
	if !strings.HasPrefix(s.lines[100], "epoch 1  train loss") {
		t.Errorf("line %q", s.lines[100])
	}
}
