package corpus

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// errNoLabels is the fault of a table that has texts and nothing else.
var errNoLabels = errors.New("no label column")

// chooser finds the columns by the rules that Open documents.
type chooser struct {
	*sample
	o       Options
	c       columns
	data    [][]string // rows without the header
	stats   []columnStats
	lacking []lacking
	maybe   []int // where labels are optional and none were told: who may be
}

func chooseColumns(s *sample, o Options) (*chooser, error) {
	h := &chooser{sample: s, o: o}
	h.c = columns{width: s.width(), text: none, pair: none, label: none}
	h.data = s.rows
	if s.keys != nil {
		h.c.names = s.keys
	} else if h.hasHeader() {
		h.c.header, h.c.names, h.data = true, s.rows[0], s.rows[1:]
	}
	if len(h.data) == 0 && s.fault != nil {
		return h, s.fault
	}
	if len(h.data) == 0 {
		return h, errors.New("nothing but a header")
	}
	for i := range s.width() {
		h.stats = append(h.stats, s.stats(i, h.data))
	}
	for _, step := range []func() error{h.explicit, h.trained, h.byName, h.byData} {
		if err := step(); err != nil {
			return h, err
		}
	}
	return h, nil
}

// explicit takes the columns that the options name.
func (h *chooser) explicit() error {
	for _, want := range []struct {
		flag, column string
		into         *int
	}{
		{"--text-column", h.o.TextColumn, &h.c.text},
		{"--pair-column", h.o.PairColumn, &h.c.pair},
		{"--label-column", h.o.LabelColumn, &h.c.label},
	} {
		if want.column == "" {
			continue
		}
		i := findColumn(h.c.names, h.width(), want.column)
		if i == none {
			return badRow("%s: no column %q; there %s%s", want.flag, want.column, h.listed(), h.separated())
		}
		if h.taken(i) {
			return badRow("%s: column %q is already another's", want.flag, want.column)
		}
		*want.into = i
	}
	return nil
}

// trained takes the columns of the data that the model was trained on, for what the
// options leave open. A number says nothing of a table with names.
func (h *chooser) trained() error {
	for _, want := range []struct {
		role, given, column string
		into                *int
	}{
		{"text", h.o.TextColumn, h.o.Trained.Text, &h.c.text},
		{"pair", h.o.PairColumn, h.o.Trained.Pair, &h.c.pair},
		{"label", h.o.LabelColumn, h.o.Trained.Label, &h.c.label},
	} {
		if want.given != "" || want.column == "" {
			continue
		}
		i := namedColumn(h.c.names, want.column)
		if h.c.names == nil {
			i = findColumn(nil, h.width(), want.column)
		}
		if i == none || h.taken(i) {
			h.lacking = append(h.lacking, lacking{want.role, want.column})
			continue
		}
		*want.into = i
	}
	return nil
}

// findColumn resolves a column's name, or else its 1-based number.
func findColumn(names []string, width int, column string) int {
	if i := namedColumn(names, column); i != none {
		return i
	}
	n, err := strconv.Atoi(column)
	if err != nil || n < 1 || n > width {
		return none
	}
	return n - 1
}

// namedColumn resolves a column's name, or else one that differs by case and blanks.
func namedColumn(names []string, column string) int {
	if i := slices.Index(names, column); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), column) })
}

// byName takes columns that have a usual name.
func (h *chooser) byName() error {
	if h.c.names == nil {
		return nil
	}
	if h.c.text == none && h.c.pair == none {
		h.c.text, h.c.pair = findPair(h.c.names)
	}
	if h.c.text == none {
		switch hits := h.known(textNames); {
		case len(hits) == 1:
			h.c.text = hits[0]
		case len(hits) > 1:
			return h.ambiguous("text", "--text-column")
		}
	}
	if h.c.label == none {
		switch hits := h.known(labelNames); {
		case len(hits) == 1:
			h.c.label = hits[0]
		case len(hits) > 1 && h.o.LabelsOptional:
			h.maybe = hits
		case len(hits) > 1:
			return h.ambiguous("label", "--label-column")
		}
	}
	return nil
}

// known returns the free columns whose names stand in the best rank of names that
// has any.
func (h *chooser) known(ranks [][]string) []int {
	for _, names := range ranks {
		var hits []int
		for i, n := range h.c.names {
			if slices.Contains(names, foldName(n)) && !h.taken(i) {
				hits = append(hits, i)
			}
		}
		if hits != nil {
			return hits
		}
	}
	return nil
}

func (h *chooser) taken(i int) bool { return i == h.c.text || i == h.c.pair || i == h.c.label }

// byData takes what is left from the values of the columns that are left.
func (h *chooser) byData() error {
	if h.c.label == none && h.maybe == nil {
		h.c.label = h.labelByData()
	}
	if h.c.text == none {
		if h.c.text = h.textByData(); h.c.text == none {
			return h.ambiguous("text", "--text-column")
		}
	}
	switch {
	case h.c.label != none:
	case h.o.LabelsOptional && h.maybe == nil:
		h.maybe = h.maybeLabels()
	case h.o.LabelsOptional:
	case len(h.free()) == 0:
		return h.unlabelled()
	default:
		return h.ambiguous("label", "--label-column")
	}
	return nil
}

// unlabelled is the fault of a table of texts alone, and what may be done about it.
func (h *chooser) unlabelled() error {
	otherwise := h.separated()
	switch {
	case otherwise != "":
	case h.width() == 1:
		otherwise = "; labels want a column of their own"
	default:
		otherwise = "; choose with --label-column, a name or a number"
	}
	return fmt.Errorf("%w: there %s%s", errNoLabels, h.listed(), otherwise)
}

// separated says what separates the cells of a table that looks like one column; ""
// where it does not.
func (h *chooser) separated() string {
	if h.keys != nil || h.width() != 1 {
		return ""
	}
	for _, sep := range []string{";", "\t"} {
		if !slices.ContainsFunc(h.rows, func(row []string) bool { return !strings.Contains(row[0], sep) }) {
			return fmt.Sprintf("; the separator seems to be %q: want commas in a .csv, tabs in a .tsv", sep)
		}
	}
	return ""
}

// notes tell what was found in place of columns that the table lacks.
func (h *chooser) notes() []string {
	var out []string
	for _, l := range h.lacking {
		if s := h.c.instead(l); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// unclear says why no label was taken where labels are optional; "" where nothing
// might be one.
func (h *chooser) unclear() string {
	if sep := h.separated(); sep != "" {
		return strings.TrimPrefix(sep, "; ")
	}
	if h.c.label != none || len(h.maybe) == 0 {
		return ""
	}
	return fmt.Sprintf("no label is taken: it may be %s; choose with --label-column", h.describe(h.c.names, h.maybe...))
}

// free lists the columns not yet chosen, those of identifiers left out.
func (h *chooser) free() []int {
	var free []int
	for i := range h.width() {
		if h.taken(i) || h.c.names != nil && slices.Contains(idNames, foldName(h.c.names[i])) {
			continue
		}
		free = append(free, i)
	}
	return free
}

// of returns the free columns that pass the test.
func (h *chooser) of(test func(columnStats) bool) []int {
	return slices.DeleteFunc(h.free(), func(i int) bool { return !test(h.stats[i]) })
}

func (h *chooser) labelByData() int {
	if hits := h.of(columnStats.isLabel); len(hits) == 1 {
		return hits[0]
	}
	// Of a column of integers and one of anything else, whatever it is: the text
	// is not the integers. Small files show no recurring labels.
	free, ints, short := h.free(), h.of(columnStats.isInts), h.of(columnStats.isShort)
	switch {
	case h.c.text == none && len(free) == 2 && len(ints) == 1:
		return ints[0]
	case h.c.text != none && len(free) == 1 && len(short) == 1:
		return short[0]
	}
	return none
}

// maybeLabels returns the columns that might be the label where none is.
func (h *chooser) maybeLabels() []int {
	if hits := h.of(columnStats.isLabel); len(hits) > 0 {
		return hits
	}
	return h.of(columnStats.isShort)
}

func (h *chooser) textByData() int {
	free := slices.DeleteFunc(h.free(), func(i int) bool { return slices.Contains(h.maybe, i) })
	if len(free) == 1 {
		return free[0]
	}
	var phrases []int
	for _, i := range free {
		if 2*h.stats[i].phrases > h.stats[i].n {
			phrases = append(phrases, i)
		}
	}
	if len(phrases) == 1 {
		return phrases[0]
	}
	return none
}

func (h *chooser) ambiguous(role, flag string) error {
	return badRow("cannot tell which column is the %s: there %s; choose with %s, a name or a number", role, h.listed(), flag)
}

// listed is "are: " and the columns.
func (h *chooser) listed() string {
	verb := "are"
	if h.width() == 1 {
		verb = "is"
	}
	return verb + " " + h.describe(h.c.names)
}
