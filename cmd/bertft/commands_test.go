package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotune/gotune/internal/tensorfile"
)

// manyFilms writes so many longer reviews: a run over them takes a while.
func manyFilms(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: manyfilms n file")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(films(n)), 0o644))
}

// films are so many longer reviews with their labels.
func films(n int) string {
	var csv strings.Builder
	csv.WriteString("text,label\n")
	for i := range n {
		fmt.Fprintf(&csv, "\"the film was %s, %s\",%s\n", []string{"good", "bad"}[i%2],
			strings.Repeat(string(rune('a'+i%26))+" ", 100), []string{"pos", "neg"}[i%2])
	}
	return csv.String()
}

// without copies a weight file but for the tensors of a prefix.
func without(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: without prefix from to")
	}
	prefix := args[0]
	f, err := tensorfile.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	var rest []tensorfile.Tensor
	for t := range f.All() {
		if !strings.HasPrefix(t.Name, prefix) {
			rest = append(rest, t)
		}
	}
	ts.Check(tensorfile.Write(ts.MkAbs(args[2]), rest, nil))
}
