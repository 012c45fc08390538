package cli

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/gotune/gotune/pkg/train"
)

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"runs/demo":    "runs/demo",
		"runs/ä-2_b.c": "runs/ä-2_b.c",
		"runs/ä b":     "'runs/ä b'",
		"it's":         `'it'\''s'`,
		"~/x":          "'~/x'",
		"$HOME;rm *":   "'$HOME;rm *'",
		"a\nb":         "'a\nb'",
		"-x":           "./-x",
		"":             "''",
		"\xff":         "'\xff'",
	} {
		if got := ShellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		if strings.HasPrefix(in, "-") {
			continue
		}
		out, err := exec.Command("sh", "-c", "printf %s "+ShellWord(in)).Output()
		if err != nil || string(out) != in {
			t.Errorf("a shell makes %q of %q: %v", out, in, err)
		}
	}
}

// The commands that a run proposes can be copied into a shell.
func TestProposedCommandsAreQuoted(t *testing.T) {
	var out bytes.Buffer
	env := &Env{Program: "bertft", Stdout: &out}
	if got := env.resume("runs/ä b"); got != "bertft resume 'runs/ä b'" {
		t.Errorf("resume: %s", got)
	}
	o := TrainOptions{Out: "runs/ä b"}
	if err := env.printResult(o, RunFile{}, "sequences", train.Result{}); err != nil {
		t.Fatal(err)
	}
	if want := "next     bertft eval 'runs/ä b' DATA;  bertft predict 'runs/ä b' ...\n"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
	if !strings.Contains(out.String(), "model    runs/ä b/model\n") {
		t.Errorf("the model's folder is no command:\n%s", out.String())
	}
	for _, c := range nextCommands(env, o.Out) {
		if !strings.Contains(c.Line, "'runs/ä b'") {
			t.Errorf("%s: %s", c.What, c.Line)
		}
	}
	out.Reset()
	o.JSON = true
	var s summary
	if err := env.printResult(o, RunFile{}, "sequences", train.Result{}); err != nil || json.Unmarshal(out.Bytes(), &s) != nil || s.Run != o.Out {
		t.Errorf("JSON: %v, %s", err, out.String())
	}
}
