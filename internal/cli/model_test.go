package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeRun makes a folder with a run.yaml and more files.
func makeRun(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, name := range append(files, runName) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("program: bertft\noptions: {}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A shell leaves the ~ of --model=~/run to us.
func TestFindModelAtHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	run := filepath.Join(home, "runs", "a")
	makeRun(t, run, "model/config.json")
	got, err := FindModel(t.Context(), &Env{Program: "bertft"}, "~/runs/a", "text")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(run, modelName)
	if want := (Found{Path: dir, Source: dir, Run: run}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A model's folder that holds somebody's run.yaml is a model's.
func TestFindModelBesideARunFile(t *testing.T) {
	env := &Env{Program: "bertft"}
	dir := filepath.Join(t.TempDir(), "m")
	makeRun(t, dir, "config.json", "model.safetensors")
	if got, err := FindModel(t.Context(), env, dir, "text"); err != nil || got.Path != dir || got.Run != "" {
		t.Errorf("%+v, error %v", got, err)
	}
	bare := filepath.Join(t.TempDir(), "m")
	makeRun(t, bare, "model.safetensors")
	if err := os.WriteFile(filepath.Join(bare, runName), []byte("name: a trial of another tool's\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := FindModel(t.Context(), env, bare, "text"); err != nil || got.Path != bare || got.Run != "" {
		t.Errorf("without config.json: %+v, error %v", got, err)
	}

	early := filepath.Join(t.TempDir(), "r")
	makeRun(t, early, "metrics.jsonl")
	_, err := FindModel(t.Context(), env, early, "text")
	if use := new(UsageError); !errors.As(err, &use) || !strings.Contains(err.Error(), "has no model yet; go on with it: bertft resume "+early) {
		t.Errorf("a run that has just begun: error %v", err)
	}
	_, err = FindModel(t.Context(), &Env{Program: "vggft"}, early, "vision")
	if err == nil || !strings.Contains(err.Error(), `is a run of "bertft", not of vggft`) {
		t.Errorf("another program's: error %v", err)
	}
}
