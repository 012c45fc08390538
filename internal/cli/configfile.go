package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/gotune/gotune/internal/hub"
)

// configFile is what a file of --config says, in its order.
type configFile struct {
	name    string
	ofRun   bool // it is a run's run.yaml
	entries []configEntry
}

type configEntry struct {
	key, value string
	line       int
	none       bool // null: as if it were not there
	taken      bool // by a flag that was not on the command line
}

// nullTag is that of null, ~ and nothing at all.
const nullTag = "!!null"

// readConfig reads a file of flags, or the options in a run's run.yaml.
func readConfig(path string, env *Env) (*configFile, error) {
	path = hub.ExpandHome(path)
	data, err := os.ReadFile(path)
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder, want a file", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file", path)
	}
	if err != nil {
		return nil, err
	}
	c := &configFile{name: path}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) == 0 {
		return c, nil // an empty file
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want lines of \"flag: value\"", path, top.Line)
	}
	if options := valueOf(top, "options"); options != nil && options.Kind == yaml.MappingNode && valueOf(top, "program") != nil {
		return c, c.readRun(data, options, env)
	}
	return c, c.read(top)
}

// valueOf is a mapping's value of a key; nil: none.
func valueOf(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// read takes the keys and values of a mapping.
func (c *configFile) read(m *yaml.Node) error {
	lines := make(map[string]int)
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, value := m.Content[i], m.Content[i+1]
		if _, dup := lines[key.Value]; dup {
			return fmt.Errorf("%s:%d: %q is given twice", c.name, key.Line, key.Value)
		}
		lines[key.Value] = key.Line
		e := configEntry{key: key.Value, line: key.Line}
		switch value.Kind {
		case yaml.ScalarNode:
			e.value, e.none = hub.ExpandHome(value.Value), value.Tag == nullTag
		case yaml.SequenceNode:
			var items []string
			for _, n := range value.Content {
				if n.Tag != nullTag {
					items = append(items, n.Value)
				}
			}
			e.value, e.none = strings.Join(items, ","), len(items) == 0 && len(value.Content) > 0
		default:
			return fmt.Errorf("%s:%d: %s: want a value or a list", c.name, value.Line, key.Value)
		}
		c.entries = append(c.entries, e)
	}
	return nil
}

// readRun takes the options of a run, for another one like it: but the data, which is
// an argument. Paths and the model are those that resume would take.
func (c *configFile) readRun(data []byte, options *yaml.Node, env *Env) error {
	var run RunFile
	if err := yaml.Unmarshal(data, &run); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	if err := run.CheckProgram(env, c.name); err != nil {
		return err
	}
	c.ofRun = true
	given := *options
	given.Content = nil
	for i := 0; i+1 < len(options.Content); i += 2 {
		if key, value := options.Content[i], options.Content[i+1]; key.Value != "data" {
			given.Content = append(given.Content, key, value)
		}
	}
	if err := c.read(&given); err != nil {
		return err
	}
	for i := range c.entries {
		switch e := &c.entries[i]; e.key {
		case "val":
			run.Locate(&e.value)
		case "model":
			run.Locate(&e.value)
			run.Pin(&e.value)
		case "cache":
			if InFolder(e.value) {
				run.LocateMade(&e.value)
			}
		}
	}
	return nil
}
