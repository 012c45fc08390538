package cli

import (
	"slices"
	"time"

	"github.com/gotune/gotune/pkg/train"
)

// pace tells how fast the newest steps are, and from that how long the others take:
// a run's first steps, and those before more of the network trained, are no measure
// of what follows.
type pace struct {
	recent   []stint // the newest steps, oldest first
	examples int     // in recent
	took     time.Duration
	frozen   int // groups that did not train in the newest step
}

// stint is what a step did, and its time.
type stint struct {
	examples int
	took     time.Duration
}

// paceWindow is how much time of steps is looked at, where a twentieth of the run is
// less.
const paceWindow = 20 * time.Second

// add counts a step. One that trains other groups than the step before begins anew.
func (p *pace) add(e train.StepEvent) {
	if frozen := frozenGroups(e); frozen != p.frozen && e.LR > 0 {
		*p = pace{frozen: frozen}
	}
	p.recent = append(p.recent, stint{e.Examples, e.Duration})
	p.examples, p.took = p.examples+e.Examples, p.took+e.Duration
	for len(p.recent) > max(e.Steps/20, 1) && p.took-p.recent[0].took >= paceWindow {
		old := p.recent[0]
		p.recent = p.recent[1:]
		p.examples, p.took = p.examples-old.examples, p.took-old.took
	}
}

// frozenGroups is how many of the groups a step leaves as they are. At a rate of 0,
// as in a schedule's last step, that cannot be told.
func frozenGroups(e train.StepEvent) int {
	return len(slices.DeleteFunc(slices.Clone(e.Rates), func(rate float64) bool { return rate > 0 }))
}

// rate is in examples a second.
func (p *pace) rate() float64 { return perSecond(p.examples, p.took) }

// left is how long so many steps take.
func (p *pace) left(steps int) time.Duration {
	if len(p.recent) == 0 {
		return 0
	}
	return p.took / time.Duration(len(p.recent)) * time.Duration(steps)
}

// perSecond is 0 where no time has passed.
func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
