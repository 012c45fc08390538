// Package train is the loop: it opens libtorch, walks through batches as
// [Steps], updates parameters, measures, and saves what it takes to go on.
//
// A loop of one's own is a range over [Steps]; [Fit] is that loop as the
// commands run it, with evaluation, checkpoints and exact resume.
package train
