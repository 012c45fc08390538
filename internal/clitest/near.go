package clitest

import (
	"math"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotune/gotune/internal/tensorfile"
)

// near compares the numbers of two files of one tensor each: no element is further
// from the other's than a part of the largest.
func near(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: near a.npy b.npy within")
	}
	within, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	a, b := numbers(ts, args[0]), numbers(ts, args[1])
	if len(a) != len(b) || len(a) == 0 {
		ts.Fatalf("%d and %d numbers", len(a), len(b))
	}
	diff, top := 0.0, 0.0
	for i := range a {
		diff = math.Max(diff, math.Abs(float64(a[i])-float64(b[i])))
		top = math.Max(top, math.Abs(float64(b[i])))
	}
	if ok := diff <= within*top; ok == neg {
		ts.Fatalf("%s and %s are apart by %g, the largest is %g", args[0], args[1], diff, top)
	}
}

func numbers(ts *testscript.TestScript, name string) []float32 {
	f, err := tensorfile.Open(ts.MkAbs(name))
	ts.Check(err)
	defer f.Close()
	var out []float32
	for t := range f.All() {
		v, err := t.Float32s()
		ts.Check(err)
		out = append(out, v...)
	}
	return out
}
