// Package cli is what the two binaries share: flags to options, signals, exit
// codes, progress, the run's folder, and the verbs themselves, for any model.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/alecthomas/kong"
)

// Program is a binary: its name, its help and its verbs.
type Program struct {
	Name        string
	Description string
	Grammar     any // a pointer to a struct of kong commands
	Vars        kong.Vars
}

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2   // wrong flags or data
	exitInterrupted = 130 // with a checkpoint written
)

// Main runs the verb that args name and returns the exit code.
func (p Program) Main(args []string) int {
	env := &Env{Program: p.Name, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	code := -1
	parser, err := kong.New(p.Grammar,
		kong.Name(p.Name), kong.Description(p.Description), kong.UsageOnError(),
		p.Vars, kong.Bind(env),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(c int) { code = c }),
	)
	if err != nil {
		fmt.Fprintf(env.Stderr, "%s: %v\n", p.Name, err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(negatives(args))
	if code >= 0 { // --help or --version has printed
		return code
	}
	if err != nil {
		fmt.Fprintf(env.Stderr, "%s: %v%s\ntry: %s%s --help\n", p.Name, err, env.config.origins(err.Error()), p.Name, verbOf(err))
		return exitUsage
	}
	// libtorch keeps thread-local state, and a thread that has run it keeps a pool
	// of its own: the main goroutine stays on one thread for good.
	runtime.LockOSThread()
	ctx, stop := signals(env)
	defer stop()
	kctx.BindTo(ctx, (*context.Context)(nil))
	return env.exit(kctx.Run())
}

// exit prints err as one message and returns its exit code.
func (env *Env) exit(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	var in *interruption
	switch {
	case errors.As(err, &in):
		fmt.Fprintf(env.Stderr, "%s: %v\n", env.Program, in)
		return code
	case code == exitInterrupted:
		fmt.Fprintf(env.Stderr, "%s: interrupted\n", env.Program)
		return code
	}
	fmt.Fprintf(env.Stderr, "%s: error: %v%s\n", env.Program, err, env.config.origins(err.Error()))
	return code
}

// verbOf is the verb, after a blank, whose flags are wrong; "" where it got no further.
func verbOf(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil && e.Context.Selected() != nil {
		return " " + e.Context.Selected().Name
	}
	return ""
}
