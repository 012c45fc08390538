package corpus

import (
	"fmt"
	"strings"
)

// Report says what Open found beside the examples. Of tables it is complete
// after Open; texts in files of their own are counted when they are first read.
type Report struct {
	Examples   int
	Unlabelled int

	Replaced      int    // examples whose invalid UTF-8 became U+FFFD
	FirstReplaced string // the ID of one of them
	Empty         int    // examples whose text is blank
	FirstEmpty    string

	Skipped int      // blank rows
	Bad     int      // rows left out by Options.SkipBad
	BadRows []string // the first ten of them, with the reason

	Columns []string // of each table what was taken: `r.csv: text "review", label "sentiment"`
	Unclear []string // where labels are optional, of each table of which none was taken, though some column may be it
	Notes   []string // "test.tsv: no labels: left out"
}

func (r *Report) replaced(id string) {
	if r.Replaced++; r.Replaced == 1 {
		r.FirstReplaced = id
	}
}

func (r *Report) empty(id string) {
	if r.Empty++; r.Empty == 1 {
		r.FirstEmpty = id
	}
}

func (r *Report) bad(id string, err error) {
	if r.Bad++; len(r.BadRows) < 10 {
		r.BadRows = append(r.BadRows, id+": "+err.Error())
	}
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// String is a line for the user: counts that are zero are left out.
func (r Report) String() string {
	parts := []string{fmt.Sprintf("%d examples", r.Examples)}
	for _, c := range []struct {
		n     int
		what  string
		first string
	}{
		{r.Unlabelled, "without a label", ""},
		{r.Replaced, "with invalid UTF-8, replaced by U+FFFD", r.FirstReplaced},
		{r.Empty, "with no text", r.FirstEmpty},
		{r.Skipped, "blank rows", ""},
		{r.Bad, "bad rows left out", ""},
	} {
		if c.n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", c.n, c.what)
		if c.first != "" {
			part += " (first: " + c.first + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(append(parts, r.Notes...), "; ")
}
