package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Env is where a verb reads and writes. stdout carries the result, stderr the
// talk.
type Env struct {
	Program string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  *os.File

	config *configFile // of --config; nil: none

	training atomic.Bool // an interruption lets the step end

	mu    sync.Mutex
	shown *progress // what is drawn on Stderr now; under mu
}

// say writes a line of talk, above the bar where there is one. Any goroutine may
// call it.
func (env *Env) say(format string, args ...any) {
	env.mu.Lock()
	p := env.shown
	env.mu.Unlock()
	if p != nil {
		p.printf(format, args...)
		return
	}
	fmt.Fprintf(env.Stderr, format+"\n", args...)
}

// show makes p what is drawn on Stderr; nil: nothing.
func (env *Env) show(p *progress) {
	env.mu.Lock()
	env.shown = p
	env.mu.Unlock()
}
