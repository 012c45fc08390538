package cli

import (
	"fmt"
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
			rate = fmt.Sprintf("%.0f/s", float64(n)/took.Seconds())
		}
		p.count(label, n, total, rate)
	}
	return observe, p.close
}
