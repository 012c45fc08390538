package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gotune/gotune/internal/clitest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bertft": main})
}

// The scripts find a BERT of two layers in $WORK/tiny and 40 labelled texts in
// $WORK/films.csv.
func TestScripts(t *testing.T) {
	tiny, err := filepath.Abs("../../pkg/text/testdata/bert-tiny")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("OMP_WAIT_POLICY", "passive")
			env.Setenv("HF_HUB_OFFLINE", "1")
			return fixtures(tiny, env.WorkDir)
		},
		Cmds: clitest.Commands(map[string]func(*testscript.TestScript, bool, []string){
			"manyfilms": manyFilms, "without": without,
		}),
		Condition: clitest.Condition(t),
	})
}

func fixtures(tiny, work string) error {
	dir := filepath.Join(work, "tiny")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join(tiny, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	vocab := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film", "the", "was", ".", ","}
	for c := 'a'; c <= 'z'; c++ {
		vocab = append(vocab, string(c), "##"+string(c))
	}
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(strings.Join(vocab, "\n")+"\n"), 0o644); err != nil {
		return err
	}
	var csv strings.Builder
	csv.WriteString("text,label\n")
	for i := range 20 {
		fmt.Fprintf(&csv, "\"the film was good, %c\",pos\n", 'a'+i)
		fmt.Fprintf(&csv, "\"the film was bad, %c\",neg\n", 'a'+i)
	}
	return os.WriteFile(filepath.Join(work, "films.csv"), []byte(csv.String()), 0o644)
}
