package cli

import (
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
	var r recipe
	parser, err := kong.New(&r, kong.Configuration(yamlFlags))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"--config", path}, args...))
	r.Config = Config{}
	if err != nil {
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
		{"a config file in a config file", "config: other.yaml\n", `r.yaml:1: unknown key "config"`},
		{"help is no setting", "help: true\n", `r.yaml:1: unknown key "help"`},
		{"given twice", "lr: 1\nepochs: 3\nlr: 2\n", `r.yaml:3: `},
		{"no mapping", "- lr\n", `r.yaml:1: want lines of "flag: value"`},
		{"nested", "lr:\n  peak: 1\n", `r.yaml:2: lr: want a value or a list`},
		{"no YAML", "lr: [1\n", "r.yaml: yaml: "},
		{"not a number", "epochs: many\n", `--epochs: `},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseRecipe(t, c.yaml)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	t.Run("every unknown key at once", func(t *testing.T) {
		_, err := parseRecipe(t, "a: 1\nlr: 1\nb: 2\n")
		if err == nil || !strings.Contains(err.Error(), `:1: unknown key "a"`) || !strings.Contains(err.Error(), `:3: unknown key "b"`) {
			t.Errorf("error %v", err)
		}
	})
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
