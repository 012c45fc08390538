package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"
)

// yamlFlags reads --config FILE.yaml: its keys are the flags' names. A flag on
// the command line wins over the file, the file over the default.
func yamlFlags(r io.Reader) (kong.Resolver, error) {
	name := "--config"
	if f, ok := r.(*os.File); ok {
		name = f.Name()
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c := &configFile{name: name, values: make(map[string]any), lines: make(map[string]int)}
	if len(doc.Content) == 0 {
		return c, nil // an empty file
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want lines of \"flag: value\"", name, top.Line)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if _, dup := c.lines[key.Value]; dup {
			return nil, fmt.Errorf("%s:%d: %q is given twice", name, key.Line, key.Value)
		}
		c.lines[key.Value] = key.Line
		switch value.Kind {
		case yaml.ScalarNode:
			c.values[key.Value] = value.Value
		case yaml.SequenceNode:
			var items []string
			for _, n := range value.Content {
				items = append(items, n.Value)
			}
			c.values[key.Value] = strings.Join(items, ",")
		default:
			return nil, fmt.Errorf("%s:%d: %s: want a value or a list", name, value.Line, key.Value)
		}
	}
	return c, nil
}

type configFile struct {
	name   string
	values map[string]any
	lines  map[string]int
}

// Validate reports, with its line, every key that is no flag of any verb.
func (c *configFile) Validate(app *kong.Application) error {
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
	for key, line := range c.lines {
		if !known[key] || key == "config" || key == "help" {
			errs = append(errs, fmt.Errorf("%s:%d: unknown key %q: keys are the flags' names, without the dashes", c.name, line, key))
		}
	}
	return errors.Join(errs...)
}

// Resolve gives a flag its value from the file.
func (c *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := c.values[flag.Name]
	if !ok {
		return nil, nil
	}
	return v, nil
}
