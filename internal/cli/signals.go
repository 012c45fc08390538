package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// signals returns a context that ends at the first Ctrl-C, SIGTERM or hang-up;
// the second ends the process at once. A hang-up that the caller has had
// ignored, as nohup does, stays so.
func signals(env *Env) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	go func() {
		if _, ok := <-ch; !ok {
			return
		}
		signal.Stop(ch)
		what := "stopping"
		if env.training.Load() {
			what = "stopping after this step"
		}
		env.say("%s: %s; once more to stop at once", env.Program, what)
		cancel()
	}()
	return ctx, func() { signal.Stop(ch); close(ch); cancel() }
}

// surviveReader lets a run outlive who reads its output: in
// `bertft train … | tee log` Ctrl-C ends tee first, and the line that says so
// would end the run before its checkpoint is saved.
func surviveReader() { signal.Ignore(syscall.SIGPIPE) }
