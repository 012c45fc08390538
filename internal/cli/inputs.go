package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Line is an input of predict or tokenize.
type Line struct {
	Text string // valid UTF-8
	Name string // for messages
}

// Inputs calls use with up to batch inputs at a time: args, or else the lines on
// stdin. It waits for a full batch only while more lines are at hand, so that a
// program that writes a line and reads the answer is not left waiting; nor does
// it wait for a line after ctx has ended. Invalid UTF-8 is replaced, counted and
// told on stderr.
func Inputs(ctx context.Context, env *Env, args []string, batch int, use func([]Line) error) error {
	if len(args) == 0 {
		return eachLine(ctx, env, env.Stdin, "stdin", batch, use)
	}
	valid := validator{}
	lines := make([]Line, len(args))
	for i, a := range args {
		lines[i] = valid.line(a, fmt.Sprintf("input %d", i+1))
	}
	valid.tell(env)
	return use(lines)
}

// Lines returns the lines of a text file, or, for "-", those on stdin, as Inputs
// would.
func Lines(ctx context.Context, env *Env, path string) (all []Line, err error) {
	r, name := env.Stdin, "stdin"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, Usage(err)
		}
		defer f.Close()
		r, name = f, filepath.Base(path)
	}
	err = eachLine(ctx, env, r, name, 1, func(lines []Line) error {
		all = append(all, lines...)
		return nil
	})
	return all, err
}

func eachLine(ctx context.Context, env *Env, r io.Reader, name string, batch int, use func([]Line) error) error {
	valid := validator{}
	defer func() { valid.tell(env) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := readLines(ctx, r)
	var lines []Line
	for n := 1; ; n++ {
		var r read
		select {
		case r = <-in:
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.text != "" || r.err == nil { // the last line may lack its newline
			lines = append(lines, valid.line(strings.TrimRight(r.text, "\r\n"), fmt.Sprintf("%s:%d", name, n)))
		}
		if len(lines) > 0 && (r.err != nil || len(lines) >= batch || r.last) {
			if err := use(lines); err != nil {
				return err
			}
			lines = nil
		}
		if errors.Is(r.err, io.EOF) {
			return nil
		}
		if r.err != nil {
			return fmt.Errorf("%s: %w", name, r.err)
		}
	}
}

// read is a line with its newline, or the end.
type read struct {
	text string
	last bool // no more lines are at hand: the next read may wait
	err  error
}

// readLines reads on a goroutine of its own: a read of a terminal cannot be
// called off.
func readLines(ctx context.Context, r io.Reader) <-chan read {
	ch := make(chan read)
	go func() {
		b := bufio.NewReaderSize(r, 1<<16)
		for {
			line, err := b.ReadString('\n') // of any length
			select {
			case ch <- read{line, b.Buffered() == 0, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return ch
}

// validator replaces invalid UTF-8 and counts the inputs that had any.
type validator struct {
	replaced int
	first    string
}

func (v *validator) line(text, name string) Line {
	if !utf8.ValidString(text) {
		if v.replaced == 0 {
			v.first = name
		}
		v.replaced++
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return Line{Text: text, Name: name}
}

func (v *validator) tell(env *Env) {
	if v.replaced > 0 {
		env.say("%s: inputs with invalid UTF-8, replaced by U+FFFD: %d; the first: %s", env.Program, v.replaced, v.first)
	}
}
