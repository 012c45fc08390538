package corpus

import (
	"slices"
	"strings"
)

// Usual names of columns, lower case with _ between words; the first rank that
// has one in the table decides.
var (
	labelNames = [][]string{
		{"label", "labels", "gold_label"},
		{"sentiment", "class", "target", "category", "polarity", "emotion", "intent", "topic", "is_duplicate", "quality"},
		{"rating", "stars", "score", "y", "class_index", "label_text", "label_name"},
	}
	textNames = [][]string{
		{"text", "sentence"},
		{"content", "review", "body", "comment", "comment_text", "document", "message", "tweet", "phrase", "utterance", "review_text", "review_body"},
		{"question", "description", "headline", "title", "query", "input"},
	}
	pairNames = [][2]string{
		{"sentence1", "sentence2"},
		{"text1", "text2"},
		{"text_a", "text_b"},
		{"question1", "question2"},
		{"#1_string", "#2_string"}, // MRPC
		{"premise", "hypothesis"},
		{"text", "text_pair"},
		{"sentence", "sentence_pair"},
		{"question", "sentence"},
		{"question", "passage"},
		{"question", "context"},
		{"question", "answer"},
		{"query", "passage"},
		{"query", "document"},
	}
	// Columns that are neither text nor label, whatever they hold.
	idNames = []string{"id", "ids", "idx", "index", "uid", "guid", "uuid", "pairid", "promptid", "unnamed:_0", ""}
)

// foldName makes "#1 String" and such comparable: lower case, words joined by
// underscores.
func foldName(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
}

// findPair returns the columns of a usual pair of texts.
func findPair(names []string) (text, pair int) {
	folded := make([]string, len(names))
	for i, n := range names {
		folded[i] = foldName(n)
	}
	for _, p := range pairNames {
		if a, b := slices.Index(folded, p[0]), slices.Index(folded, p[1]); a >= 0 && b >= 0 {
			return a, b
		}
	}
	return none, none
}

// hasHeader decides whether the first row of a CSV or TSV names the columns.
func (h *chooser) hasHeader() bool {
	switch h.o.Header {
	case HeaderYes:
		return true
	case HeaderNo:
		return false
	}
	for _, column := range []string{h.o.TextColumn, h.o.PairColumn, h.o.LabelColumn} {
		if column != "" && !isInt(column) {
			return true // there is no other row that could hold a name
		}
	}
	for _, column := range []string{h.o.Trained.Text, h.o.Trained.Pair, h.o.Trained.Label} {
		if column != "" && !isInt(column) && namedColumn(h.rows[0], column) != none {
			return true
		}
	}
	return couldBeHeader(h.rows[0]) && (hasKnownName(h.rows[0]) || h.firstRowDiffers())
}

// couldBeHeader tells whether the cells are short, distinct and no numbers.
func couldBeHeader(row []string) bool {
	seen := map[string]bool{}
	for _, name := range row {
		name = foldName(name)
		if len(name) > 40 || isInt(name) || name != "" && seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

func hasKnownName(row []string) bool {
	for _, ranks := range [][][]string{labelNames, textNames} {
		for _, names := range ranks {
			if slices.ContainsFunc(row, func(n string) bool { return slices.Contains(names, foldName(n)) }) {
				return true
			}
		}
	}
	text, _ := findPair(row)
	return text != none
}

// firstRowDiffers tells whether a column's first value is unlike those below:
// the only one that is no integer, or, over ten rows, the only one that never
// comes again where every other does.
func (h *chooser) firstRowDiffers() bool {
	rest := h.rows[1:]
	for i := range h.rows[0] {
		st := h.sample.stats(i, rest)
		if st.n >= 2 && st.isInts() {
			return true
		}
		if st.n < 10 || !st.isLabel() || st.values[strings.TrimSpace(h.rows[0][i])] > 0 {
			continue
		}
		recurring := true
		for _, count := range st.values {
			recurring = recurring && count > 1
		}
		if recurring {
			return true
		}
	}
	return false
}
