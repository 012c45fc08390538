// Package torch is libtorch for programs that must not crash or leak: tensors
// with explicit owners, errors instead of aborts, and the operators and layers
// that fine-tuning needs.
//
// # Owners
//
// A tensor has one of three owners, and dies with it. A [Store] owns the
// parameters of a model, or the state of an optimiser. A [Scope] owns all else:
// a training step is a scope, an evaluation batch is one, and they nest. When a
// scope closes, every tensor made through it is freed; only Go values leave it.
// The garbage collector frees nothing: it cannot see how much memory stands
// behind a pointer, nor know on which thread it runs.
//
// # Errors
//
// A scope keeps its first error, and every later operation on it does nothing.
// So forward code reads as mathematics, and the error, with the operation and
// the shapes in it, comes out once: from [Scope.Err] or [Scope.Close].
//
// # Threads
//
// libtorch keeps its gradient mode, its autocast mode and gotch's last error in
// thread-local variables. A scope therefore holds its goroutine on one
// operating-system thread from its opening to its end, sets these modes at the
// start and restores them at the end. A scope belongs to the goroutine that
// opened it. Goroutines that load data carry Go slices, never tensors.
//
// Scopes on several goroutines run side by side, and may share the tensors of a store:
// to change a model that others are at work with for another, close its store; what is
// open then sees its work through, and the last to close frees the weights: a scope
// that is held open for long holds what closes meanwhile. Each thread that computes brings [Options].Threads
// with it, and keeps them: 64 goroutines with 8 are 512 threads of the system. A
// service bounds how many scopes are open at once, and takes one or two threads for
// each. libtorch's generator is one for the process: a run is the same to the bit only
// where nothing else draws from it, neither new weights nor another training.
//
// A coroutine cannot change its hold on a thread, so an iterator of package iter's Pull
// and a scope must not be opened and closed within one another: Go ends the process.
// To walk through two sources at once, make one of them.
//
// # Operators
//
// They are ATen's, reached through package libtch of gotch, its lowest layer;
// what gotch lacks is in shim.cpp.
package torch
