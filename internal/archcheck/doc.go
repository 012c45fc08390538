// Package archcheck holds the rules that keep the design as it is drawn, and
// the check of each. Its test runs them over the module; `make check` runs it.
//
// What may import what:
//   - vision, text, freeze and schedule never import train, nor each other;
//   - freeze, schedule and every internal package but cli build and test
//     without libtorch;
//   - "C" and gotch appear in pkg/torch only; but for the warp's vectors in
//     internal/pixels, which has lines in Go beside them.
//
// What the source may hold:
//   - os.Exit only under cmd/; no log.Fatal, no init function;
//   - nothing called Must…, except regexp.MustCompile on a constant;
//   - no package called util, common or helpers; no file of more than 400 lines.
//
// How pkg/torch calls libtorch, which is what keeps a program from crashing:
//   - an operator of gotch runs on a scope, which holds the thread that gotch
//     leaves its error on; the statement after it takes the error from there;
//   - every tensor that goes into a call was seen to be alive in the same
//     function, before;
//   - no error message of the shim is dropped;
//   - the garbage collector frees nothing, so no tensor needs to be kept alive
//     during a call; only its owner frees it;
//   - no goroutine is started, and a thread that is locked is unlocked.
package archcheck
