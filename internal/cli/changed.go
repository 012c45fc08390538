package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/gotune/gotune/pkg/train"
)

// harmless are the flags that a run may go on without: where things are, and how
// they are done, but not what comes of it.
func harmless() []string {
	return []string{
		"data", "val", "model", "cache", "cache-size", "workers", "keep", "checkpoint-every", "device", "precision", "threads",
	}
}

// flatten returns a verb's flags by name, as run.yaml has them, for the
// checkpoints to keep: a run.yaml that was changed by hand is another run's.
func flatten(options any) (map[string]string, error) {
	data, err := yaml.Marshal(options)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := yaml.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	out := make(map[string]string)
	for name, v := range values {
		if v != nil && !slices.Contains(harmless(), name) {
			out["--"+name] = fmt.Sprint(v)
		}
	}
	return out, nil
}

// allowed says whether another value of a flag is let through: by --allow-change, or
// as harmless, which a checkpoint of an earlier version may know to be something else.
func (o TrainOptions) allowed(flag string) bool {
	name := strings.TrimPrefix(flag, "--")
	return slices.Contains(o.AllowChange, "options") || slices.Contains(o.AllowChange, name) || slices.Contains(harmless(), name)
}

// refuse says what has changed, and how to go on all the same: with what was let
// through so far, and the names.
func (o TrainOptions) refuse(err error, names []string) error {
	return Usagef("%w\nto go on all the same: --allow-change %s", err, strings.Join(slices.Concat(o.AllowChange, names), ","))
}

// refusal is refuse for flags that are not those of the checkpoint.
func (o TrainOptions) refusal(c *train.Changed) error {
	var names []string
	for _, flag := range c.Options {
		names = append(names, strings.TrimPrefix(flag, "--"))
	}
	return o.refuse(c, names)
}

// ResumeFlags are the flags of resume.
type ResumeFlags struct {
	AllowChange []string `help:"Go on although these have changed: data, model, version, machine, options, or a flag's name." placeholder:"WHAT,..."`
	Device      string   `help:"Another device than the run's: auto, cpu, cuda or cuda:N; with --allow-change machine." placeholder:"DEVICE"`
	JSON        bool     `name:"json" help:"End with one JSON object on stdout."`
}

// Apply puts what was given in the place of the run's own, and reports what is wrong
// with the run's options by then.
func (f ResumeFlags) Apply(run string, m *Machine, options interface{ Validate() error }) error {
	m.Device = cmp.Or(f.Device, m.Device)
	err := options.Validate()
	if err == nil {
		return nil
	}
	hint := ""
	if m.Check() != nil && f.Device == "" {
		hint = "\nto go on with another device: --device cpu --allow-change machine"
	}
	return Usagef("the options in %s/run.yaml: %w%s", run, err, hint)
}

// Validate reports a name that cannot be one, and a device that is not there.
func (f ResumeFlags) Validate() error {
	var errs []error
	if f.Device != "" {
		p := Processor{Device: f.Device}
		errs = append(errs, p.Validate(), p.Check())
	}
	for _, name := range f.AllowChange {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(name, "-") == "" {
			errs = append(errs, fmt.Errorf("--allow-change: %q, want %s or a flag's name", name, changeNames))
		}
	}
	return errors.Join(errs...)
}
