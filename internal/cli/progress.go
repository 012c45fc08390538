package cli

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/gotune/gotune/pkg/train"
)

// progress shows a run as it goes: a bar with rate and time left on a terminal,
// plain lines elsewhere, and a line per epoch on both.
type progress struct {
	env *Env
	out *os.File
	now func() time.Time

	mu     sync.Mutex // one line at a time, and none into the bar
	bar    *bar       // nil off a terminal
	pace   pace       // of the newest steps
	epoch  stint      // of the steps since the last epoch's end, in this process
	last   train.StepEvent
	metric string // of the newest evaluation

	evaluating bool
	evalFrom   time.Time // of the evaluation's first batch
	evalDone   int       // examples in it

	lastLine time.Time
}

// lineEvery is how often a plain line tells of the steps, off a terminal.
const lineEvery = 15 * time.Second

func newProgress(env *Env) *progress {
	p := &progress{env: env, out: env.Stderr, now: time.Now}
	if isTerminal(p.out) {
		p.bar = newBar(p.out)
	}
	p.lastLine = p.now()
	env.show(p)
	return p
}

// printf writes a line, above the bar where there is one. Any goroutine may call
// it.
func (p *progress) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf(format, args...) + "\n"
	if p.bar != nil {
		p.bar.write(line)
		return
	}
	fmt.Fprint(p.out, line)
}

func (p *progress) observe(e train.Event) {
	switch e := e.(type) {
	case train.StepEvent:
		p.step(e)
	case train.EvalEvent:
		p.evaluation(e)
	case train.EpochEvent:
		p.endEpoch(e)
	case train.UntrainedEvent:
		p.printf("untrained  val loss %.4f  val accuracy %.4f", e.Loss, e.Accuracy)
		p.lastLine = p.now()
	case train.CheckpointEvent:
		if e.Err != nil {
			p.printf("warning: %v", e.Err)
		}
	case train.EarlyStopEvent:
		p.printf("stopped early after epoch %d: epoch %d is still the best", e.Epoch, e.Best.Epoch)
	case train.ResumeEvent:
		if e.Dir == "" {
			p.printf("there is no checkpoint yet: beginning anew")
			break
		}
		if e.Ended {
			p.printf("going on after step %d, which was the last: the run has finished", e.Step)
			break
		}
		p.printf("going on after step %d, from %s", e.Step, e.Dir)
	}
}

// step counts the time of steps alone: evaluations and checkpoints would lower
// the rate.
func (p *progress) step(e train.StepEvent) {
	p.pace.add(e)
	p.epoch.examples, p.epoch.took = p.epoch.examples+e.Examples, p.epoch.took+e.Duration
	p.last = e
	rate, left := p.pace.rate(), p.pace.left(e.Steps-e.Step)
	note := fmt.Sprintf("loss %.4f  %.1f/s  %s left  lr %.2e", e.Loss, rate, seconds(left), e.LR)
	if p.metric != "" {
		note += "  " + p.metric
	}
	if p.draw(fmt.Sprintf("epoch %d", e.Epoch), e.Step, e.Steps, note+"  "+bytesString(residentBytes())) {
		return
	}
	if p.due() {
		p.printf("step %d/%d  epoch %d  loss %.4f  lr %.2e  grad norm %.2f  %.1f examples/s  %s left",
			e.Step, e.Steps, e.Epoch, e.Loss, e.LR, e.GradNorm, rate, seconds(left))
	}
}

// draw shows the bar, where there is one, and takes it down at its end.
func (p *progress) draw(label string, done, total int, note string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return false
	}
	if done == total {
		p.bar.clear()
	} else {
		p.bar.draw(label, done, total, note)
	}
	return true
}

func seconds(d time.Duration) time.Duration { return d.Round(time.Second) }

func (p *progress) evaluation(e train.EvalEvent) {
	if !p.evaluating {
		p.evaluating, p.evalFrom, p.evalDone = true, p.now(), e.Done
	}
	rate := ""
	if took := p.now().Sub(p.evalFrom); took > 0 && e.Done > p.evalDone {
		rate = fmt.Sprintf("%.1f/s", float64(e.Done-p.evalDone)/took.Seconds())
	}
	p.count("evaluating", e.Done, e.Total, rate)
	p.evaluating = e.Done < e.Total
}

// due says whether it is time for another plain line.
func (p *progress) due() bool {
	now := p.now()
	if now.Sub(p.lastLine) < lineEvery {
		return false
	}
	p.lastLine = now
	return true
}

// count shows how far something has come, and how fast where that is known: in the
// bar, or off a terminal in a line now and then, before the end.
func (p *progress) count(label string, done, total int, rate string) {
	if !p.draw(label, done, total, rate) && done < total && p.due() {
		p.printf("%s", strings.TrimSpace(fmt.Sprintf("%s %d/%d  %s", label, done, total, rate)))
	}
}

// endEpoch tells an epoch's own rate, and the time left at the pace of its last
// steps.
func (p *progress) endEpoch(e train.EpochEvent) {
	parts := []string{fmt.Sprintf("epoch %d", e.Epoch), fmt.Sprintf("train loss %.4f", e.TrainLoss)}
	if e.ValAccuracy != nil {
		parts = append(parts, fmt.Sprintf("val loss %.4f", *e.ValLoss), fmt.Sprintf("val accuracy %.4f", *e.ValAccuracy))
		p.metric = fmt.Sprintf("val accuracy %.4f", *e.ValAccuracy)
	}
	parts = append(parts, time.Duration(e.Seconds*float64(time.Second)).Round(100*time.Millisecond).String())
	// The epoch's steps and its evaluation, as in the time before it.
	if rate := perSecond(p.epoch.examples, p.epoch.took+e.Duration); rate > 0 {
		parts = append(parts, fmt.Sprintf("%.1f examples/s", rate))
	}
	p.epoch = stint{}
	if p.last.Step > 0 {
		parts = append(parts, fmt.Sprintf("lr %.2e", p.last.LR))
	}
	parts = append(parts, bytesString(residentBytes())+" resident")
	if p.last.Step < p.last.Steps {
		parts = append(parts, seconds(p.pace.left(p.last.Steps-p.last.Step)).String()+" left")
	}
	if e.Best && e.ValAccuracy != nil {
		parts = append(parts, "best so far")
	}
	p.printf("%s", strings.Join(parts, "  "))
	p.lastLine = p.now()
}

// close takes the bar down. It may be called twice.
func (p *progress) close() {
	p.env.show(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.clear()
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
