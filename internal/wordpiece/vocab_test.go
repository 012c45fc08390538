package wordpiece

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sugarme/tokenizer/model"
	library "github.com/sugarme/tokenizer/model/wordpiece"
	"pgregory.net/rapid"
)

// TestSplitAgainstLibrary compares the trie's pieces with those of
// sugarme/tokenizer's WordPiece model, which asks a map for every substring.
func TestSplitAgainstLibrary(t *testing.T) {
	v := small(t, Options{MaxWordChars: 20}).vocab
	words := make(model.Vocab)
	for i, token := range v.tokens {
		words[token] = i
	}
	lib := library.NewWordPieceBuilder().Vocab(&words).MaxInputCharsPerWord(20).Build()
	parts := make([]string, 0, len(v.tokens))
	for _, token := range v.tokens {
		parts = append(parts, strings.TrimPrefix(token, "##"))
	}
	rapid.Check(t, func(t *rapid.T) {
		word := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 9).Draw(t, "parts"), "")
		want, err := lib.Tokenize(word)
		if err != nil {
			t.Fatal(err)
		}
		got := v.split(nil, []byte(word))
		if len(got) != len(want) {
			t.Fatalf("%q: %d pieces, want %d", word, len(got), len(want))
		}
		for i, p := range got {
			from, to := utf8.RuneCountInString(word[:p.from]), utf8.RuneCountInString(word[:p.to])
			if int(p.id) != want[i].Id || from != want[i].Offsets[0] || to != want[i].Offsets[1] {
				t.Fatalf("%q: piece %d is %q at %d to %d, want %q at %v", word, i, v.tokens[p.id], from, to, want[i].Value, want[i].Offsets)
			}
		}
	})
}

func TestTrie(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var words []string
	for range 3000 {
		b := make([]byte, random.IntN(12)) // "" is a word too
		for i := range b {
			b[i] = byte(random.IntN(3)) * 100
		}
		if !slices.Contains(words, string(b)) {
			words = append(words, string(b))
		}
	}
	values := make([]int32, len(words))
	for i := range values {
		values[i] = int32(2 * i)
	}
	tr, err := newTrie(words, values)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range words {
		if got := tr.find(w); got != values[i] {
			t.Fatalf("find %q: %d, want %d", w, got, values[i])
		}
	}
	for range 3000 {
		b := make([]byte, random.IntN(14))
		for i := range b {
			b[i] = byte(random.IntN(4)) * 100
		}
		want, value := 0, int32(-1)
		for n := 1; n <= len(b); n++ {
			if i := slices.Index(words, string(b[:n])); i >= 0 {
				want, value = n, values[i]
			}
		}
		if n, v := longest(tr, 0, b); n != want || v != value {
			t.Fatalf("longest in %q: %d, %d; want %d, %d", b, n, v, want, value)
		}
	}
	if _, err := newTrie([]string{"abcdefghi", "x", "abcdefghi"}, []int32{0, 1, 2}); err == nil {
		t.Error("a word twice is no error")
	}
}

func TestAccessors(t *testing.T) {
	tok := small(t, Options{Cased: true})
	mask, ok := tok.MaskID()
	for token, id := range map[string]int32{"[PAD]": tok.PadID(), "[UNK]": tok.UnkID(), "[CLS]": tok.CLSID(), "[SEP]": tok.SEPID(), "[MASK]": mask} {
		if got, known := tok.ID(token); !known || got != id || tok.Token(id) != token {
			t.Errorf("%s: id %d, %t, want %d; token %q", token, got, known, id, tok.Token(id))
		}
	}
	if !ok || !tok.Cased() || small(t, Options{}).Cased() {
		t.Errorf("mask %t, cased %t", ok, tok.Cased())
	}
	if id, known := tok.ID("no such token"); known || id != -1 {
		t.Errorf("unknown token: %d, %t", id, known)
	}
	if tok.Token(-1) != "" || tok.Token(int32(tok.VocabSize())) != "" || tok.Token(int32(tok.VocabSize()-1)) == "" {
		t.Error("Token outside of the vocabulary, or its last one")
	}
	if n := tok.MaxLength(); n != 0 {
		t.Errorf("max length %d without a config", n)
	}
}

func TestDecode(t *testing.T) {
	tok := small(t, Options{})
	ids := tok.Encode("The film isn't great, I've read it!", EncodeOptions{}).IDs
	ids = append(ids, tok.PadID(), -5, 1<<30)
	for _, c := range []struct{ got, want string }{
		{tok.Decode(ids, true), "the film isn't great, i've read it!"},
		{tok.Decode(ids, false), "[CLS] the film isn't great, i've read it! [SEP] [PAD]"},
		{tok.DecodeSpaced(ids, true), "the film isn ' t great, i ' ve read it!"},
		{tok.Decode(nil, true), ""},
	} {
		if c.got != c.want {
			t.Errorf("got  %q\nwant %q", c.got, c.want)
		}
	}
}

func TestRepair(t *testing.T) {
	// From Python: bytes.decode(errors="replace").
	for in, want := range map[string]string{
		"plain é 😀":               "plain é 😀",
		"\xff\xfe":                "\ufffd\ufffd",
		"a\xe2\x82":               "a\ufffd",
		"a\xe2\x82b":              "a\ufffdb",
		"\xf0\x9f\x98x":           "\ufffdx",
		"\xf0\x9f\xe2\x82\xac":    "\ufffd€",
		"\xed\xa0\x80":            "\ufffd\ufffd\ufffd",
		"\xc0\xaf":                "\ufffd\ufffd",
		"\xe0\x80\x80":            "\ufffd\ufffd\ufffd",
		"\xf4\x90\x80\x80":        "\ufffd\ufffd\ufffd\ufffd",
		"\xf4\x8f\xbf":            "\ufffd",
		"\xf0\x80\x80":            "\ufffd\ufffd\ufffd",
		"\xc3\xc3\xa9":            "\ufffdé",
		"\xf5\x80":                "\ufffd\ufffd",
		"kept \ufffd, lost \xc3.": "kept \ufffd, lost \ufffd.",
	} {
		got, bad := repair(in)
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		kept := 0
		for _, c := range in {
			if c != utf8.RuneError {
				kept += utf8.RuneLen(c)
			}
		}
		kept += 3 * strings.Count(in, "\ufffd")
		if bad != len(in)-kept {
			t.Errorf("%q: %d bytes replaced, want %d", in, bad, len(in)-kept)
		}
	}
}

func TestCharTableErrors(t *testing.T) {
	for _, text := range []string{
		"[space]\nXX 20\n", "[space]\n20\n", "[huh]\n20 20\n", "[class]\n300 300 x\n", "[lower]\n41 41 y\n", "[decompose]\nC0 C0 41 zz\n",
	} {
		if _, err := readChars(text); err == nil || !strings.HasPrefix(err.Error(), "unicode.txt: section ") {
			t.Errorf("%q: error %v, want one that names section and line", text, err)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	tok := small(f, Options{})
	data, err := tok.makeJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data), "the film")
	f.Add(`{"version":"1.0","pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["b",1],"cls":["b",1]},"model":{"type":"WordPiece","unk_token":"b","continuing_subword_prefix":"","max_input_chars_per_word":-1,"vocab":{"[PAD]":0,"b":1}}}`, "bb")
	f.Fuzz(func(t *testing.T, file, text string) {
		tok, err := FromJSON("f", strings.NewReader(file))
		if err != nil {
			return
		}
		enc := tok.Encode(text, EncodeOptions{})
		tok.Decode(enc.IDs, false)
		if _, err := tok.makeJSON(); err != nil {
			t.Error(err)
		}
	})
}
