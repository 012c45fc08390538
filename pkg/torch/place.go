package torch

import (
	"fmt"
	"runtime"
	"strings"
)

// place is where an owner was opened, kept as program counters: a name is looked
// up only for a report, which is rare, while scopes are opened at every step.
type place struct {
	pcs [10]uintptr
	n   int
}

// caller returns the place that called into this package.
func caller() place {
	var p place
	p.n = runtime.Callers(2, p.pcs[:])
	return p
}

// String returns file:line of the nearest caller outside this package.
func (p place) String() string {
	frames := runtime.CallersFrames(p.pcs[:p.n])
	f, more := frames.Next()
	own := packageOf(f.Function)
	for more && packageOf(f.Function) == own && !strings.HasSuffix(f.File, "_test.go") {
		f, more = frames.Next()
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// packageOf returns the import path in a function's name: what stands before
// the first dot after the last slash.
func packageOf(function string) string {
	dir := strings.LastIndexByte(function, '/') + 1
	if dot := strings.IndexByte(function[dir:], '.'); dot >= 0 {
		return function[:dir+dot]
	}
	return function
}

func leakReport(kind string, opened place, tensors int) string {
	return fmt.Sprintf("leak: a %s opened at %s still holds %d tensors", kind, opened, tensors)
}
