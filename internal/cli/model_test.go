package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// runIn makes a folder with a run.yaml and more files.
func runIn(t *testing.T, dir string, files ...string) {
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
	runIn(t, run, "model/config.json")
	got, err := FindModel(t.Context(), &Env{Program: "bertft"}, "~/runs/a", "text")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(run, modelName)
	if want := (Found{Path: dir, Source: dir, Run: run}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
