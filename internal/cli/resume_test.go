package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type resumeOptions struct {
	Data    string  `yaml:"data"`
	Val     string  `yaml:"val"`
	Model   string  `yaml:"model"`
	Batch   int     `yaml:"batch"`
	LR      float64 `yaml:"lr"`
	Machine `yaml:",inline"`
}

// What may have changed is named by what a run has; a misspelt option keeps no
// default, and what has moved may be looked for elsewhere.
func TestApply(t *testing.T) {
	dir := t.TempDir()
	data, gone := filepath.Join(dir, "data"), filepath.Join(dir, "gone")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	const head = "program: bertft\nmodel:\n  source: /none/tiny\noptions:\n  batch: 8\n"
	for _, c := range []struct {
		name, yaml string
		flags      ResumeFlags
		options    resumeOptions
		want       []string // "": no error
	}{
		{"as it was", head, ResumeFlags{}, resumeOptions{Data: data, Model: data}, nil},
		{"let through", head, ResumeFlags{AllowChange: []string{"lr", "data", "options", "machine", "threads"}}, resumeOptions{Data: data}, nil},
		{"no flag's name", head, ResumeFlags{AllowChange: []string{"lr", "foo"}}, resumeOptions{Data: data}, []string{`--allow-change: "foo", want data, model, version, machine, options or the name of a flag of train`}},
		{"misspelt", head + "  bach: 8\n", ResumeFlags{}, resumeOptions{Data: data}, []string{`run.yaml:6: unknown option "bach"`}},
		{
			"data that moved", head,
			ResumeFlags{},
			resumeOptions{Data: gone, Val: gone},
			[]string{gone + ": no such file", "--val: " + gone + ": no such file", "write the new paths under options in ", "run.yaml (data, val, model), and resume again"},
		},
		{"a model that moved", head, ResumeFlags{}, resumeOptions{Data: data, Model: "tiny"}, []string{"--model: tiny: no such file", "write the new paths under options"}},
		{"a model of the hub", "program: bertft\nmodel:\n  source: a/b (https://hub/a/b)\noptions: {}\n", ResumeFlags{}, resumeOptions{Data: data, Model: "a/b"}, nil},
	} {
		if err := os.WriteFile(filepath.Join(dir, runName), []byte(c.yaml), 0o644); err != nil {
			t.Fatal(err)
		}
		c.options.Device = "auto"
		was, err := ReadRun(dir, new(struct{}))
		if err != nil {
			t.Fatal(err)
		}
		err = c.flags.Apply(was, dir, &c.options.Machine, c.options)
		if use := new(UsageError); len(c.want) == 0 && err != nil || len(c.want) > 0 && !errors.As(err, &use) {
			t.Errorf("%s: error %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %s", c.name, err, want)
			}
		}
	}
}

// What cannot be a name is told before the run is read, in the same words.
func TestAllowChangeNames(t *testing.T) {
	if err := (ResumeFlags{AllowChange: []string{"data", "max-length"}}).Validate(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"loss rate", "-", ""} {
		err := (ResumeFlags{AllowChange: []string{name}}).Validate()
		if want := badChange(name); err == nil || err.Error() != want.Error() {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}
