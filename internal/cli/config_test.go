package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

type recipe struct {
	Epochs int     `default:"3"`
	LR     float64 `name:"lr" default:"5e-5"`
	Freeze string
	Out    string
	Val    string
	Model  string
	JSON   bool `name:"json"`
	Config
}

// parseRecipe runs the parser on a config file and a command line.
func parseRecipe(t *testing.T, yaml string, args ...string) (recipe, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o644); err != nil {
		t.Fatal(err)
	}
	return parseConfig(t, path, args...)
}

func parseConfig(t *testing.T, path string, args ...string) (recipe, error) {
	t.Helper()
	var r recipe
	env := &Env{Program: "bertft"}
	parser, err := kong.New(&r, kong.Name("bertft"), kong.Bind(env))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"--config", path}, args...))
	r.Config = Config{}
	if err != nil {
		err = fmt.Errorf("%w%s", err, env.config.origins(err.Error()))
		t.Logf("%v", err)
	}
	return r, err
}

func TestConfigFile(t *testing.T) {
	for _, c := range []struct {
		name, yaml string
		args       []string
		want       recipe
	}{
		{"empty", "", nil, recipe{Epochs: 3, LR: 5e-5}},
		{"a comment alone", "# nothing yet\n", nil, recipe{Epochs: 3, LR: 5e-5}},
		{"values", "epochs: 5\nlr: 1e-4\njson: true\n", nil, recipe{Epochs: 5, LR: 1e-4, JSON: true}},
		{"a flag wins over the file", "epochs: 5\nlr: 1e-4\n", []string{"--epochs=7"}, recipe{Epochs: 7, LR: 1e-4}},
		{"a list is joined by commas", "freeze:\n  - embeddings\n  - layer.[0-3]\n", nil, recipe{Epochs: 3, LR: 5e-5, Freeze: "embeddings,layer.[0-3]"}},
		{"null is not given", "epochs: null\nlr: ~\nout:\nval: Null\nfreeze: [~]\njson: ~\n", nil, recipe{Epochs: 3, LR: 5e-5}},
		{"a quoted null is a word", "out: 'null'\nfreeze: [~, a, 'null']\n", nil, recipe{Epochs: 3, LR: 5e-5, Out: "null", Freeze: "a,null"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseRecipe(t, c.yaml, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestConfigFileFaults(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"unknown key", "lr: 1\n\nepoch: 3\n", `r.yaml:3: unknown key "epoch"`},
		{"unknown key of null", "lr: 1\nepoch: ~\n", `r.yaml:2: unknown key "epoch"`},
		{"a config file in a config file", "config: other.yaml\n", `r.yaml:1: unknown key "config"`},
		{"help is no setting", "help: true\n", `r.yaml:1: unknown key "help"`},
		{"given twice", "lr: 1\nepochs: 3\nlr: 2\n", `r.yaml:3: `},
		{"no mapping", "- lr\n", `r.yaml:1: want lines of "flag: value"`},
		{"nested", "lr:\n  peak: 1\n", `r.yaml:2: lr: want a value or a list`},
		{"no YAML", "lr: [1\n", "r.yaml: yaml: "},
		{"not a number", "lr: 1\nepochs: many\n", `--epochs: expected a valid 64 bit int but got "many"
--epochs is from `},
		{"and its line", "lr: 1\nepochs: many\n", `r.yaml:2`},
		{"another program's run", "program: vggft\noptions:\n  lr: 1\n", `r.yaml is a run of "vggft", not of bertft`},
		{"unknown key in a run's options", "program: bertft\noptions:\n  lr: 1\n  bach: 8\n", `r.yaml:4: unknown key "bach"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseRecipe(t, c.yaml)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	t.Run("every unknown key at once, in order", func(t *testing.T) {
		_, err := parseRecipe(t, "z: 1\nlr: 1\nb: 2\na: 3\ny: 4\nc: 5\n")
		at := -1
		for _, want := range []string{`:1: unknown key "z"`, `:3: unknown key "b"`, `:4: unknown key "a"`, `:5: unknown key "y"`, `:6: unknown key "c"`} {
			next := strings.Index(fmt.Sprint(err), want)
			if next <= at {
				t.Errorf("error %v, want %s after the ones before", err, want)
			}
			at = next
		}
	})
}

// What is told of a flag names the file where it was read there, and not where it was
// given on the command line.
func TestConfigFileIsNamed(t *testing.T) {
	c := &configFile{name: "r.yaml", entries: []configEntry{{key: "lr", line: 2, taken: true}, {key: "val", line: 3, taken: true}, {key: "out", line: 4}}}
	for message, want := range map[string]string{
		"--lr: 0, want more":             "\n--lr is from r.yaml:2",
		"--val-fraction: 2":              "",
		"--val-fraction: 2\n--val: none": "\n--val is from r.yaml:3",
		"--out: x holds another run":     "",
	} {
		if got := c.origins(message); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	if got := (*configFile)(nil).origins("--lr: 0"); got != "" {
		t.Errorf("without a file: %q", got)
	}
}

func TestConfigFileIsNone(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "gone.yaml"): "--config: " + filepath.Join(dir, "gone.yaml") + ": no such file",
		dir:                             "--config: " + dir + " is a folder, want a file",
	} {
		if _, err := parseConfig(t, path); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A leading ~/ is the home folder, which no shell sees in a file.
func TestConfigFileAtHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.WriteFile(filepath.Join(home, "r.yaml"), []byte("out: ~/runs/a\nfreeze: ~x\nval: \"~\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := parseConfig(t, "~/r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := (recipe{Epochs: 3, LR: 5e-5, Out: filepath.Join(home, "runs/a"), Freeze: "~x", Val: home}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A run's run.yaml gives its options to another run: but data, which is an argument,
// and what was not given. Paths that began in the run's folder are found.
func TestConfigFileOfARun(t *testing.T) {
	there := t.TempDir()
	if err := os.WriteFile(filepath.Join(there, "val.csv"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := parseRecipe(t, "program: bertft\nmodel:\n  source: x\nfolder: "+there+"\noptions:\n  data: a.csv\n  epochs: 5\n  lr: 0.001\n  out: null\n  val: val.csv\n  model: tiny\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := (recipe{Epochs: 5, LR: 1e-3, Val: filepath.Join(there, "val.csv"), Model: "tiny"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// The model is the one that the run began with; a cache is a folder of the run's, or
// one of the words for none.
func TestConfigFileOfARunsModelAndCache(t *testing.T) {
	for cache, want := range map[string]string{"pics": "/gone/pics", "/pics": "/pics", "off": "off", "memory": "memory", "auto": "auto"} {
		path := filepath.Join(t.TempDir(), runName)
		data := "program: vggft\nmodel:\n  revision: abc\nfolder: /gone\noptions:\n  model: org/name\n  val: null\n  cache: " + cache + "\n"
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := readConfig(path, &Env{Program: "vggft"})
		if err != nil {
			t.Fatal(err)
		}
		of := make(map[string]string)
		for _, e := range c.entries {
			if !e.none {
				of[e.key] = e.value
			}
		}
		if d := cmp.Diff(map[string]string{"model": "org/name@abc", "cache": want}, of); d != "" {
			t.Error(d)
		}
	}
}

// Verbs that begin no run have flags of the same names for something else.
func TestConfigFileOfARunSuits(t *testing.T) {
	var grammar struct {
		Train struct{ recipe } `cmd:""`
		Eval  struct {
			Limit int
			Config
		} `cmd:""`
	}
	path := filepath.Join(t.TempDir(), runName)
	if err := os.WriteFile(path, []byte("program: bertft\noptions:\n  epochs: 4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&grammar, kong.Name("bertft"), kong.Bind(&Env{Program: "bertft"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"train", "--config", path}); err != nil || grammar.Train.Epochs != 4 {
		t.Errorf("train: %d epochs, error %v", grammar.Train.Epochs, err)
	}
	_, err = parser.Parse([]string{"eval", "--config", path})
	if want := "--config: " + path + " is a run's, which train, plan and lr take; for eval write a file of its flags"; err == nil || err.Error() != want {
		t.Errorf("eval: error %v, want %s", err, want)
	}
}

func TestNegatives(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{[]string{"train", "--workers", "-1", "--lr", "-1e-3"}, []string{"train", "--workers=-1", "--lr=-1e-3"}},
		{[]string{"--workers=-1", "-1"}, []string{"--workers=-1", "-1"}},
		{[]string{"--json", "--epochs", "3"}, []string{"--json", "--epochs", "3"}},
		{[]string{"--out", "-x"}, []string{"--out", "-x"}},
		{[]string{"predict", "run", "--", "--lr", "-1"}, []string{"predict", "run", "--", "--lr", "-1"}},
		{[]string{"--lr"}, []string{"--lr"}},
		{nil, nil},
	} {
		if d := cmp.Diff(c.want, negatives(c.args)); d != "" {
			t.Errorf("%q: %s", c.args, d)
		}
	}
}
