package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Config is the flag that reads the others from a file.
type Config struct {
	Config configFlag `help:"Read flags from a YAML file: its keys are their names, a leading ~/ is the home folder. train, plan and lr take a RUN/run.yaml too, for that run's flags, with the model's commit on the hub." placeholder:"FILE" group:"Machine" yaml:"-"`
}

// configFlag is --config FILE.yaml. A flag on the command line wins over the file,
// the file over the default.
type configFlag string

// BeforeResolve is called by kong: it reads the file and has kong ask it.
func (c configFlag) BeforeResolve(ctx *kong.Context, trace *kong.Path, env *Env) error {
	path, _ := ctx.FlagValue(trace.Flag).(configFlag)
	file, err := readConfig(string(path), env)
	if err == nil {
		err = file.suits(ctx.Selected())
	}
	if err == nil {
		err = file.check(ctx.Model)
	}
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	env.config = file
	ctx.AddResolver(file)
	return nil
}

// suits reports a run's file for a verb that does not begin one: others have flags of
// the same names, such as --limit, that would be something else.
func (c *configFile) suits(verb *kong.Node) error {
	if verb != nil && c.ofRun && !slices.Contains([]string{"train", "plan", "lr"}, verb.Name) {
		return fmt.Errorf("%s is a run's, which train, plan and lr take; for %s write a file of its flags", c.name, verb.Name)
	}
	return nil
}

// check reports, with its line, every key that is no flag of any verb.
func (c *configFile) check(app *kong.Application) error {
	known := make(map[string]bool)
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			known[f.Name] = true
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(app.Node)
	var errs []error
	for _, e := range c.entries {
		if !known[e.key] || e.key == "config" || e.key == "help" {
			errs = append(errs, fmt.Errorf("%s:%d: unknown key %q: keys are the flags' names, without the dashes", c.name, e.line, e.key))
		}
	}
	return errors.Join(errs...)
}

// Validate is called by kong: BeforeResolve has checked.
func (c *configFile) Validate(*kong.Application) error { return nil }

// Resolve gives a flag its value from the file.
func (c *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for i, e := range c.entries {
		if e.key == flag.Name && !e.none {
			c.entries[i].taken = true
			return e.value, nil
		}
	}
	return nil, nil
}

// origins says, a line each, where the flags that a message names were read: "" where
// they were on the command line.
func (c *configFile) origins(message string) string {
	if c == nil {
		return ""
	}
	out := ""
	for _, e := range c.entries {
		if e.taken && namesFlag(message, "--"+e.key) {
			out += fmt.Sprintf("\n--%s is from %s:%d", e.key, c.name, e.line)
		}
	}
	return out
}

// namesFlag says whether a message names a flag, and not one that begins like it.
func namesFlag(message, flag string) bool {
	for {
		_, after, ok := strings.Cut(message, flag)
		if !ok {
			return false
		}
		if after == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", rune(after[0])) {
			return true
		}
		message = after
	}
}
