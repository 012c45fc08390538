package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// inputs returns the batches that Inputs hands on, as texts.
func inputs(t *testing.T, env *Env, stdin string, batch int, args ...string) [][]string {
	t.Helper()
	env.Stdin = strings.NewReader(stdin)
	var got [][]string
	err := Inputs(t.Context(), env, args, batch, func(lines []Line) error {
		var texts []string
		for _, l := range lines {
			texts = append(texts, l.Text)
		}
		got = append(got, texts)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestInputs(t *testing.T) {
	long := strings.Repeat("a film ", 40_000) // longer than any buffer
	for _, c := range []struct {
		name, stdin string
		batch       int
		args        []string
		want        [][]string
	}{
		{"nothing", "", 2, nil, nil},
		{"batches", "a\nb\nc\n", 2, nil, [][]string{{"a", "b"}, {"c"}}},
		{"a full last batch", "a\nb\n", 2, nil, [][]string{{"a", "b"}}},
		{"no newline at the end", "a\nb", 1, nil, [][]string{{"a"}, {"b"}}},
		{"empty lines", "\n\nb\n", 8, nil, [][]string{{"", "", "b"}}},
		{"Windows' newlines", "a\r\nb\r\n", 8, nil, [][]string{{"a", "b"}}},
		{"a long line", long + "\nb\n", 8, nil, [][]string{{long}, {"b"}}},
		{"arguments, and stdin left alone", "a\n", 1, []string{"x", "y"}, [][]string{{"x", "y"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, told := testEnv(t)
			got := inputs(t, env, c.stdin, c.batch, c.args...)
			if c.name == "a long line" { // what its last read brought along is chance
				got = [][]string{got[0][:1], {"b"}}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if s := told(); s != "" {
				t.Errorf("told %q", s)
			}
		})
	}
}

func TestInputsReplaceInvalidUTF8(t *testing.T) {
	env, told := testEnv(t)
	got := inputs(t, env, "a\nb\xff\n\xfec\n", 8)
	if d := cmp.Diff([][]string{{"a", "b\uFFFD", "\uFFFDc"}}, got); d != "" {
		t.Error(d)
	}
	if got, want := told(), "bertft: inputs with invalid UTF-8, replaced by U+FFFD: 2; the first: stdin:2\n"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	env, told = testEnv(t)
	inputs(t, env, "", 8, "a", "\xff")
	if got, want := told(), "bertft: inputs with invalid UTF-8, replaced by U+FFFD: 1; the first: input 2\n"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// A program that writes a line and waits for the answer gets it.
func TestInputsAnswerBeforeTheNextLine(t *testing.T) {
	defer goleak.VerifyNone(t)
	env, _ := testEnv(t)
	r, w := io.Pipe()
	env.Stdin = r
	answers := make(chan string)
	done := make(chan error)
	go func() {
		done <- Inputs(t.Context(), env, nil, 32, func(lines []Line) error {
			answers <- fmt.Sprint(lines)
			return nil
		})
	}()
	for i, line := range []string{"one", "two"} {
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-answers:
			if want := fmt.Sprintf("[{%s stdin:%d}]", line, i+1); got != want {
				t.Errorf("answer %s, want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no answer before the next line")
		}
	}
	w.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestInputsEndWithTheContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	env, _ := testEnv(t)
	r, w := io.Pipe()
	env.Stdin = r
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	err := Inputs(ctx, env, nil, 1, func([]Line) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	w.Close() // a terminal's read would go on until the process ends
}

func TestInputsPassErrorsOn(t *testing.T) {
	defer goleak.VerifyNone(t)
	boom := errors.New("boom")
	env, _ := testEnv(t)
	env.Stdin = strings.NewReader("a\nb\n")
	if err := Inputs(t.Context(), env, nil, 1, func([]Line) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("use: error %v", err)
	}
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, "a")
		_ = w.CloseWithError(boom)
	}()
	env.Stdin = r
	lines := 0
	err := Inputs(t.Context(), env, nil, 1, func(l []Line) error { lines += len(l); return nil })
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "stdin: ") {
		t.Errorf("stdin: error %v", err)
	}
	if lines != 1 {
		t.Errorf("%d lines before the error, want 1", lines)
	}
}
