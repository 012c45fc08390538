package cli

import (
	"fmt"
	"strings"
	"sync"
)

// Counter shows how far a pass over many things has come: a bar on a terminal, a
// line every 15 seconds elsewhere, and nothing of a short one. Any goroutine may
// call observe; done takes the bar down.
func (env *Env) Counter(label string) (observe func(done, total int), done func()) {
	p := newProgress(env)
	from := p.now()
	var mu sync.Mutex
	observe = func(n, total int) {
		mu.Lock()
		defer mu.Unlock()
		rate := ""
		if took := p.now().Sub(from); took > 0 {
			rate = fmt.Sprintf("  %.0f/s", float64(n)/took.Seconds())
		}
		if !p.draw(label, n, total, strings.TrimSpace(rate)) && n < total && p.due() {
			p.printf("%s %d/%d%s", label, n, total, rate)
		}
	}
	return observe, p.close
}
