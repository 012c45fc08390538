package cli

import (
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
