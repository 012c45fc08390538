package corpus

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// errNoLabels is the fault of a table that has texts and nothing else.
var errNoLabels = errors.New("no label column")

// chooser finds the columns by the rules that Open documents.
type chooser struct {
	*sample
	o     Options
	c     columns
	data  [][]string // rows without the header
	stats []columnStats
}

func chooseColumns(s *sample, o Options) (columns, error) {
	h := &chooser{sample: s, o: o}
	h.c = columns{width: s.width(), text: none, pair: none, label: none}
	h.data = s.rows
	if s.keys != nil {
		h.c.names = s.keys
	} else if h.hasHeader() {
		h.c.header, h.c.names, h.data = true, s.rows[0], s.rows[1:]
	}
	if len(h.data) == 0 && s.fault != nil {
		return h.c, s.fault
	}
	if len(h.data) == 0 {
		return h.c, errors.New("nothing but a header")
	}
	for i := range s.width() {
		h.stats = append(h.stats, s.stats(i, h.data))
	}
	for _, step := range []func() error{h.explicit, h.byName, h.byData} {
		if err := step(); err != nil {
			return h.c, err
		}
	}
	return h.c, nil
}

// explicit takes the columns that the options name.
func (h *chooser) explicit() error {
	for _, want := range []struct {
		flag, column string
		into         *int
	}{
		{"--text-column", h.o.TextColumn, &h.c.text},
		{"the pair's column", h.o.PairColumn, &h.c.pair},
		{"--label-column", h.o.LabelColumn, &h.c.label},
	} {
		if want.column == "" {
			continue
		}
		i, err := h.find(want.column)
		if err != nil {
			return badRow("%s: %v", want.flag, err)
		}
		if slices.Contains([]int{h.c.text, h.c.pair, h.c.label}, i) {
			return badRow("%s: column %q is already another's", want.flag, want.column)
		}
		*want.into = i
	}
	return nil
}

// find resolves a column's name, or else its 1-based number.
func (h *chooser) find(column string) (int, error) {
	if i := slices.Index(h.c.names, column); i >= 0 {
		return i, nil
	}
	fold := func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), column) }
	if i := slices.IndexFunc(h.c.names, fold); i >= 0 {
		return i, nil
	}
	n, err := strconv.Atoi(column)
	if err != nil || n < 1 || n > h.width() {
		return none, badRow("no column %q; there are: %s", column, h.describe(h.c.names))
	}
	return n - 1, nil
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
		i, err := h.known(textNames)
		if err != nil {
			return h.ambiguous("text", "--text-column")
		}
		h.c.text = i
	}
	if h.c.label == none {
		i, err := h.known(labelNames)
		if err != nil && !h.o.LabelsOptional {
			return h.ambiguous("label", "--label-column")
		}
		h.c.label = i
	}
	return nil
}

var errSeveral = errors.New("several columns of such a name")

// known returns the free column whose name stands in the best rank of names.
func (h *chooser) known(ranks [][]string) (int, error) {
	for _, names := range ranks {
		var hits []int
		for i, n := range h.c.names {
			if slices.Contains(names, foldName(n)) && !h.taken(i) {
				hits = append(hits, i)
			}
		}
		switch {
		case len(hits) == 1:
			return hits[0], nil
		case len(hits) > 1:
			return none, errSeveral
		}
	}
	return none, nil
}

func (h *chooser) taken(i int) bool { return i == h.c.text || i == h.c.pair || i == h.c.label }

// byData takes what is left from the values of the columns that are left.
func (h *chooser) byData() error {
	if h.c.label == none {
		h.c.label = h.labelByData()
	}
	if h.c.text == none {
		if h.c.text = h.textByData(); h.c.text == none {
			return h.ambiguous("text", "--text-column")
		}
	}
	if h.c.label == none && !h.o.LabelsOptional {
		if len(h.free()) == 0 {
			return errNoLabels
		}
		return h.ambiguous("label", "--label-column")
	}
	return nil
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

func (h *chooser) labelByData() int {
	free := h.free()
	is := func(test func(columnStats) bool) []int {
		return slices.DeleteFunc(slices.Clone(free), func(i int) bool { return !test(h.stats[i]) })
	}
	if hits := is(columnStats.isLabel); len(hits) == 1 {
		return hits[0]
	}
	// Of a column of integers and one of anything else, whatever it is: the text
	// is not the integers. Small files show no recurring labels.
	ints, short := is(columnStats.isInts), is(columnStats.isShort)
	switch {
	case h.c.text == none && len(free) == 2 && len(ints) == 1:
		return ints[0]
	case h.c.text != none && len(free) == 1 && len(short) == 1:
		return short[0]
	}
	return none
}

func (h *chooser) textByData() int {
	free := h.free()
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
	return badRow("cannot tell which column is the %s: there are %s; choose with %s, a name or a number",
		role, h.describe(h.c.names), flag)
}
