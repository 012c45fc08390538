package text_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/wordpiece"
	"github.com/gotune/gotune/pkg/text"
	"github.com/gotune/gotune/pkg/torch"
)

// words are the tokens of openTok, by id.
var words = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film"}

func openTok(t *testing.T) *text.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(strings.Join(words, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tok, err := wordpiece.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func openData(t *testing.T, content string, o text.DataOptions) *text.Dataset {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.csv")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := text.OpenDataset(path, openTok(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func batch(t *testing.T, d *text.Dataset, indices ...int) *text.Batch {
	t.Helper()
	b, err := d.Batch(t.Context(), 0, indices)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range b.Names { // the folder is another each time
		b.Names[i] = filepath.Base(n)
	}
	return b
}

const films = "text,label\na good film,pos\nbad,neg\nfilm a film,pos\na bad film,neg\n"

func TestBatch(t *testing.T) {
	d := openData(t, films, text.DataOptions{})
	want := &text.Batch{
		N: 2, T: 5,
		IDs:     []int64{2, 7, 3, 0, 0, 2, 5, 6, 8, 3},
		TypeIDs: make([]int64, 10),
		Lengths: []int{3, 5}, Labels: []int64{0, 1}, Names: []string{"d.csv:3", "d.csv:2"},
	}
	got := batch(t, d, 1, 0)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Tokens() != 8 || got.Size() != 2 || got.Name(1) != "d.csv:2" {
		t.Errorf("%d tokens, %d texts, name %s", got.Tokens(), got.Size(), got.Name(1))
	}
	if diff := cmp.Diff([]string{"neg", "pos"}, d.Classes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1, 0, 1, 0}, d.Labels()); diff != "" {
		t.Error(diff)
	}

	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	x, y := got.Tensors(s)
	if diff := cmp.Diff([]int64{1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, s.Ints(s.Cast(x.Mask, torch.Int64))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{2, 1, 1, 5}, x.Mask.Shape()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got.Labels, s.Ints(y)); diff != "" {
		t.Error(diff)
	}
	if x := batch(t, d, 0, 3).Inputs(s); x.Mask != nil {
		t.Error("a mask where nothing is padding")
	}
}

func TestBatchTruncatesAndPads(t *testing.T) {
	b := batch(t, openData(t, films, text.DataOptions{MaxLength: 4}), 0, 1)
	if diff := cmp.Diff([]int64{2, 5, 6, 3, 2, 7, 3, 0}, b.IDs); diff != "" {
		t.Error(diff)
	}
	b = batch(t, openData(t, films, text.DataOptions{MaxLength: 8, PadToMax: true}), 1)
	if diff := cmp.Diff([]int64{2, 7, 3, 0, 0, 0, 0, 0}, b.IDs); diff != "" || b.T != 8 || b.Tokens() != 3 {
		t.Errorf("T %d, %d tokens: %s", b.T, b.Tokens(), diff)
	}
}

// The second text has type 1 and the padding 0; an empty second text is one, as
// Hugging Face takes it.
func TestBatchOfPairs(t *testing.T) {
	d := openData(t, "one,two,label\na film,bad,x\ngood,,y\ngood good good good,bad bad,x\n",
		text.DataOptions{TextColumn: "one", PairColumn: "two", LabelColumn: "label", MaxLength: 7})
	b := batch(t, d, 0, 1, 2)
	if diff := cmp.Diff([]int64{
		2, 5, 8, 3, 7, 3, 0,
		2, 6, 3, 3, 0, 0, 0,
		2, 6, 6, 3, 7, 7, 3, // the longest first loses tokens
	}, b.IDs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{
		0, 0, 0, 0, 1, 1, 0,
		0, 0, 0, 1, 0, 0, 0,
		0, 0, 0, 0, 1, 1, 1,
	}, b.TypeIDs); diff != "" {
		t.Error(diff)
	}
	one, two, err := d.Text(0)
	if one != "a film" || two != "bad" || err != nil {
		t.Errorf("texts %q and %q, error %v", one, two, err)
	}
}

func TestBatchStopsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openData(t, films, text.DataOptions{}).Batch(ctx, 0, []int{0}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestFromItems(t *testing.T) {
	d := text.FromItems([]text.Item{{Text: "good"}, {Text: "a", Pair: "film"}}, openTok(t), text.DataOptions{})
	b := batch(t, d, 0, 1)
	want := &text.Batch{
		N: 2, T: 5, IDs: []int64{2, 6, 3, 0, 0, 2, 5, 3, 8, 3}, TypeIDs: []int64{0, 0, 0, 0, 0, 0, 0, 0, 1, 1},
		Lengths: []int{3, 5}, Labels: []int64{-1, -1}, Names: []string{"input 1", "input 2"},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
	if d.Notes() != nil || d.Splits() != nil || d.Classes() != nil {
		t.Error("texts in memory have notes, splits or classes")
	}
	if err := d.CheckTrainable(); err == nil || !strings.Contains(err.Error(), "input 1 has no label") {
		t.Errorf("error %v", err)
	}
}

// Labelled texts in memory are as those of a table.
func TestNewDataset(t *testing.T) {
	tok := openTok(t)
	items := []text.Item{{Text: "good", Label: "10"}, {Text: "bad", Label: "9"}, {Text: "a film", Name: "third", Label: "10"}}
	d, err := text.NewDataset(items, tok, text.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"9", "10"}, d.Classes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{1, 0, 1}, batch(t, d, 0, 1, 2).Labels); diff != "" {
		t.Error(diff)
	}
	d, err = text.NewDataset(items, tok, text.DataOptions{Labels: []string{"10", "8"}, Unlabelled: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, -1, 0}, d.Labels()); diff != "" {
		t.Error(diff)
	}
	for want, c := range map[string]struct {
		items []text.Item
		o     text.DataOptions
	}{
		`input 2: label "9" is none of the classes ["10" "8"]`: {items, text.DataOptions{Labels: []string{"10", "8"}}},
		"third has no label": {[]text.Item{{Text: "a", Label: "x"}, {Text: "b", Name: "third"}}, text.DataOptions{}},
		"no texts":           {nil, text.DataOptions{}},
		"--max-length: 2, want 3 or more: two are special tokens": {items, text.DataOptions{MaxLength: 2}},
		`two classes are called "10"`:                             {items, text.DataOptions{Labels: []string{"10", "10"}}},
	} {
		if _, err := text.NewDataset(c.items, tok, c.o); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	one, err := text.NewDataset(items[:1], tok, text.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.CheckTrainable(); err == nil || !strings.Contains(err.Error(), "training needs at least two classes") {
		t.Errorf("error %v", err)
	}
}

// An empty second text is one, as in a table of pairs and in Hugging Face.
func TestFromItemsWithAnEmptyPair(t *testing.T) {
	d := text.FromItems([]text.Item{{Text: "good", IsPair: true}}, openTok(t), text.DataOptions{})
	want := &text.Batch{
		N: 1, T: 4, IDs: []int64{2, 6, 3, 3}, TypeIDs: []int64{0, 0, 0, 1},
		Lengths: []int{4}, Labels: []int64{-1}, Names: []string{"input 1"},
	}
	if diff := cmp.Diff(want, batch(t, d, 0)); diff != "" {
		t.Error(diff)
	}
	if n, err := d.Lengths(t.Context(), 1, nil); err != nil || n[0] != 4 {
		t.Errorf("lengths %v, error %v", n, err)
	}
}

// Type ids are those of the tokenizer's template.
func TestBatchOfOtherTypeIDs(t *testing.T) {
	dir := t.TempDir()
	if err := openTok(t).Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "tokenizer.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.ReplaceAll(data, []byte(`"type_id": 1`), []byte(`"type_id": 0`))
	if bytes.Equal(data, other) {
		t.Fatal("no type id 1 in tokenizer.json")
	}
	if err := os.WriteFile(path, other, 0o644); err != nil {
		t.Fatal(err)
	}
	tok, err := text.OpenTokenizer(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := batch(t, text.FromItems([]text.Item{{Text: "a", Pair: "film"}}, tok, text.DataOptions{}), 0)
	if diff := cmp.Diff(make([]int64, 5), b.TypeIDs); diff != "" {
		t.Error(diff)
	}
}

// The test split's labels make no classes.
func TestClassesWithoutTheTestSplit(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"train.csv": films, "test.csv": "text,label\ngood,-1\nbad,-1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := text.OpenDataset(dir, openTok(t), text.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if diff := cmp.Diff([]string{"neg", "pos"}, d.Classes()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1, 0, 1, 0, -1, -1}, d.Labels()); diff != "" {
		t.Error(diff)
	}
	if notes := strings.Join(d.Notes(), "\n"); !strings.Contains(notes, `2 test examples have a label that is no class`) {
		t.Errorf("notes %q", notes)
	}
	if err := d.Splits()["train"].CheckTrainable(); err != nil {
		t.Error(err)
	}
	if err := d.CheckTrainable(); err == nil || !strings.Contains(err.Error(), "test.csv:2 has no label") {
		t.Errorf("error %v", err)
	}
}

func TestByLength(t *testing.T) {
	d := openData(t, "one,two,label\naaa,bb,x\na,b,y\naa,b,x\na,,y\n", text.DataOptions{TextColumn: "one", PairColumn: "two"})
	order, err := d.ByLength()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{3, 1, 2, 0}, order); diff != "" {
		t.Error(diff)
	}
}

// balanced is n examples of two classes and as many lengths.
func balanced(n int) string {
	var b strings.Builder
	b.WriteString("text,label\n")
	for i := range n {
		fmt.Fprintf(&b, "%sfilm,%s\n", strings.Repeat("a ", i), []string{"x", "y", "y"}[i%3])
	}
	return b.String()
}

// texts identify the examples of balanced.
func texts(t *testing.T, d *text.Dataset) []string {
	t.Helper()
	out := make([]string, d.Len())
	for i := range out {
		s, _, err := d.Text(i)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = s
	}
	return out
}

func TestSplitAndLimit(t *testing.T) {
	d := openData(t, balanced(30), text.DataOptions{})
	a, b, err := d.Split(0.2, 42)
	if err != nil {
		t.Fatal(err)
	}
	if a.Len() != 24 || b.Len() != 6 {
		t.Errorf("split into %d and %d, want 24 and 6", a.Len(), b.Len())
	}
	if n := countOf(b.Labels(), 0); n != 2 {
		t.Errorf("%d of class x in validation, want 2", n)
	}
	all := slices.Concat(texts(t, a), texts(t, b))
	want := texts(t, d)
	slices.Sort(all)
	slices.Sort(want)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("the parts are not the whole: %s", diff)
	}
	_, again, err := d.Split(0.2, 42)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(texts(t, b), texts(t, again)) {
		t.Error("the same seed splits otherwise")
	}
	_, other, err := d.Split(0.2, 43)
	if err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(texts(t, b), texts(t, other)) {
		t.Error("another seed splits alike")
	}
	if n := d.Limit(7, 1).Len(); n != 7 {
		t.Errorf("limited to %d, want 7", n)
	}
	if n := d.Limit(99, 1).Len(); n != 30 {
		t.Errorf("limited to %d, want all 30", n)
	}
	sel := d.Select([]int{4, 2}).Select([]int{1})
	if s := texts(t, sel); !cmp.Equal(s, []string{"a a film"}) {
		t.Errorf("selected %q", s)
	}
}

func countOf(labels []int, y int) int {
	n := 0
	for _, l := range labels {
		if l == y {
			n++
		}
	}
	return n
}

func TestEpochs(t *testing.T) {
	d := openData(t, balanced(10), text.DataOptions{})
	var sizes []int
	names := map[int][]string{}
	for b, err := range d.Epochs(t.Context(), 2, 4, 42) {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.N)
		names[b.Epoch] = append(names[b.Epoch], b.Names...)
	}
	if diff := cmp.Diff([]int{4, 4, 2, 4, 4, 2}, sizes); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(names[0], names[1]) {
		t.Error("both epochs in the same order")
	}
	slices.Sort(names[0])
	if n := len(slices.Compact(names[0])); n != 10 {
		t.Errorf("%d different examples in an epoch, want 10", n)
	}
}

func TestFingerprint(t *testing.T) {
	sum := func(content string, o text.DataOptions) string {
		t.Helper()
		f, err := openData(t, content, o).Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	base := sum(films, text.DataOptions{})
	if base != sum(films, text.DataOptions{MaxLength: 9}) {
		t.Error("the same examples have another fingerprint")
	}
	for name, content := range map[string]string{
		"a text":    strings.Replace(films, "bad", "sad", 1),
		"a label":   strings.Replace(films, "good film,pos", "good film,neg", 1),
		"the order": "text,label\nbad,neg\na good film,pos\nfilm a film,pos\na bad film,neg\n",
		"one less":  strings.TrimSuffix(films, "a bad film,neg\n"),
	} {
		if sum(content, text.DataOptions{}) == base {
			t.Errorf("%s changed, and the fingerprint did not", name)
		}
	}
	// A text that moves to the second column is another pair.
	pair := func(row string) string {
		return sum("one,two,label\n"+row+",x\nb,c,y\n", text.DataOptions{TextColumn: "one", PairColumn: "two"})
	}
	if pair("ab,c") == pair("a,bc") {
		t.Error("two pairs have one fingerprint")
	}
}

func TestNotesAndFaults(t *testing.T) {
	d := openData(t, "text,label\ngood \xff,x\n,y\nbad,x\n", text.DataOptions{})
	notes := strings.Join(d.Notes(), "\n")
	for _, want := range []string{"1 example with invalid UTF-8, replaced by U+FFFD; the first: d.csv:2", "1 example with no text; the first: d.csv:3"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in\n%s", want, notes)
		}
	}
	if err := d.Select([]int{0, 2}).CheckTrainable(); err == nil || !strings.Contains(err.Error(), `all 2 examples are of class "x"`) {
		t.Errorf("one class: error %v", err)
	}
	if err := d.CheckTrainable(); err != nil {
		t.Errorf("two classes: error %v", err)
	}
	_, err := text.OpenDataset("nowhere.csv", openTok(t), text.DataOptions{MaxLength: 2})
	if err == nil || !strings.Contains(err.Error(), "--max-length: 2") {
		t.Errorf("too short: error %v", err)
	}
	if _, err := text.OpenDataset("nowhere.csv", openTok(t), text.DataOptions{}); err == nil || !strings.Contains(err.Error(), "nowhere.csv") {
		t.Errorf("no file: error %v", err)
	}
}

func TestSplits(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"train/x/1.txt": "a", "train/y/1.txt": "bad", "test/x/1.txt": "film", "test/y/1.txt": "good", "test/y/2.txt": "good film",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := text.OpenDataset(dir, openTok(t), text.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	parts := d.Splits()
	if len(parts) != 2 || parts["train"].Len() != 2 || parts["test"].Len() != 3 {
		t.Fatalf("splits %v", parts)
	}
	if diff := cmp.Diff([]string{"film", "good", "good film"}, texts(t, parts["test"])); diff != "" {
		t.Error(diff)
	}
	if parts["test"].Splits() != nil {
		t.Error("a split has splits")
	}
}
