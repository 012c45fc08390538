package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// bar is a terminal's last line, drawn over itself. What is above it stays.
type bar struct {
	out   io.Writer
	width func() int // columns
	now   func() time.Time

	text  string // on the screen; "": nothing is
	drawn time.Time
}

// drawEvery keeps a terminal far away from holding up fast steps.
const drawEvery = 100 * time.Millisecond

func newBar(f *os.File) *bar {
	return &bar{out: f, now: time.Now, width: func() int {
		w, _, err := term.GetSize(int(f.Fd()))
		if err != nil || w <= 0 {
			return 80
		}
		return w
	}}
}

// draw shows done of total with a label before and a note after, at most ten
// times a second.
func (b *bar) draw(label string, done, total int, note string) {
	now := b.now()
	if now.Sub(b.drawn) < drawEvery {
		return
	}
	b.drawn = now
	counts := fmt.Sprintf("%d/%d", done, total)
	// A narrow terminal takes from the bar, not from the note.
	cells := min(max(b.width()-len(label)-len(counts)-len(note)-7, 8), 30)
	full := cells * done / max(total, 1)
	text := fmt.Sprintf("%s [%s%s] %s  %s", label, strings.Repeat("=", full), strings.Repeat(" ", cells-full), counts, note)
	// A line as wide as the terminal would wrap, and then there are two to clear.
	b.text = text[:min(len(text), max(b.width()-1, 0))]
	_, _ = io.WriteString(b.out, "\r"+b.text+"\x1b[K")
}

// write puts a line above the bar.
func (b *bar) write(line string) {
	clear, again := "", ""
	if b.text != "" {
		clear, again = "\r\x1b[K", b.text
	}
	_, _ = io.WriteString(b.out, clear+line+again)
}

// clear takes the bar off the screen; the next draw is not held back.
func (b *bar) clear() {
	if b.text != "" {
		_, _ = io.WriteString(b.out, "\r\x1b[K")
	}
	b.text, b.drawn = "", time.Time{}
}
