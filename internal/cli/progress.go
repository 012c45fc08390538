package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/gotune/gotune/pkg/train"
)

// progress shows a run as it goes: a bar with rate and time left on a terminal,
// plain lines elsewhere, and a line per epoch on both.
type progress struct {
	out   *os.File
	bars  *mpb.Progress
	bar   *mpb.Bar
	note  string // beside the bar
	epoch int

	start    time.Time
	examples int
	lastLine time.Time
	now      func() time.Time
}

// lineEvery is how often a plain line tells of the steps, off a terminal.
const lineEvery = 15 * time.Second

func newProgress(out *os.File) *progress {
	p := &progress{out: out, now: time.Now}
	if isTerminal(out) {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))
	}
	p.start, p.lastLine = p.now(), p.now()
	return p
}

// printf writes a line, above the bar where there is one.
func (p *progress) printf(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	if p.bars != nil {
		_, _ = p.bars.Write([]byte(line))
		return
	}
	fmt.Fprint(p.out, line)
}

func (p *progress) observe(e train.Event) {
	switch e := e.(type) {
	case train.StepEvent:
		p.step(e)
	case train.EpochEvent:
		p.endEpoch(e)
	case train.UntrainedEvent:
		p.printf("untrained  val loss %.4f  val accuracy %.4f", e.Loss, e.Accuracy)
		p.start, p.lastLine = p.now(), p.now()
	case train.CheckpointEvent:
		if e.Err != nil {
			p.printf("warning: %v", e.Err)
		}
	case train.EarlyStopEvent:
		p.printf("stopped early after epoch %d: epoch %d is still the best", e.Epoch, e.Best.Epoch)
	case train.ResumeEvent:
		p.printf("going on after step %d, from %s", e.Step, e.Dir)
	}
}

func (p *progress) step(e train.StepEvent) {
	p.examples += e.Examples
	rate := float64(p.examples) / p.now().Sub(p.start).Seconds()
	p.note = fmt.Sprintf("loss %.4f  %.1f/s", e.Loss, rate)
	if p.bars != nil {
		p.advance(e)
		return
	}
	if now := p.now(); now.Sub(p.lastLine) >= lineEvery {
		p.lastLine = now
		left := time.Duration(float64((e.Steps-e.Step)*e.Examples)/rate) * time.Second
		p.printf("step %d/%d  epoch %d  loss %.4f  lr %.2e  grad norm %.2f  %.1f examples/s  %s left",
			e.Step, e.Steps, e.Epoch, e.Loss, e.LR, e.GradNorm, rate, left.Round(time.Second))
	}
}

func (p *progress) advance(e train.StepEvent) {
	if p.bar == nil {
		p.bar = p.bars.AddBar(int64(e.Steps),
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return fmt.Sprintf("epoch %d ", p.epoch) })),
			mpb.AppendDecorators(
				decor.CountersNoUnit("%d/%d "),
				decor.Any(func(decor.Statistics) string { return p.note }),
				decor.EwmaETA(decor.ET_STYLE_GO, 30, decor.WCSyncSpace),
			),
			mpb.BarRemoveOnComplete())
		p.bar.SetCurrent(int64(e.Step - 1))
	}
	p.epoch = e.Epoch
	p.bar.EwmaSetCurrent(int64(e.Step), e.Duration)
}

func (p *progress) endEpoch(e train.EpochEvent) {
	parts := []string{fmt.Sprintf("epoch %d", e.Epoch), fmt.Sprintf("train loss %.4f", e.TrainLoss)}
	if e.ValAccuracy != nil {
		parts = append(parts, fmt.Sprintf("val loss %.4f", *e.ValLoss), fmt.Sprintf("val accuracy %.4f", *e.ValAccuracy))
	}
	parts = append(parts, time.Duration(e.Seconds*float64(time.Second)).Round(100*time.Millisecond).String(),
		bytesString(residentBytes())+" resident")
	if e.Best && e.ValAccuracy != nil {
		parts = append(parts, "best so far")
	}
	p.printf("%s", strings.Join(parts, "  "))
	p.lastLine = p.now()
}

// close takes the bar down.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	if p.bar != nil && !p.bar.Completed() {
		p.bar.Abort(true)
	}
	p.bars.Wait()
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
