package wordpiece

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEncodeFields(t *testing.T) {
	tok := small(t, Options{})
	got := tok.EncodePair("The film", "was \xe2\x82great\xff", EncodeOptions{})
	id := func(token string) int32 {
		id, ok := tok.ID(token)
		if !ok {
			t.Fatalf("no token %q", token)
		}
		return id
	}
	want := Encoding{
		IDs:      []int32{tok.CLSID(), id("the"), id("film"), tok.SEPID(), id("was"), id("great"), tok.SEPID()},
		TypeIDs:  []int32{0, 0, 0, 0, 1, 1, 1},
		Mask:     []int32{1, 1, 1, 1, 1, 1, 1},
		Offsets:  [][2]int32{{0, 0}, {0, 3}, {4, 8}, {0, 0}, {0, 3}, {5, 10}, {0, 0}},
		Replaced: 3,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	tok.Pad(&got, 9)
	want.IDs = append(want.IDs, tok.PadID(), tok.PadID())
	want.TypeIDs = append(want.TypeIDs, 0, 0)
	want.Mask = append(want.Mask, 0, 0)
	want.Offsets = append(want.Offsets, [2]int32{}, [2]int32{})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("padded (-want +got):\n%s", d)
	}
	if tok.Pad(&got, 3); len(got.IDs) != 9 {
		t.Errorf("padding to fewer gives %d tokens, want 9", len(got.IDs))
	}
}

func TestTruncated(t *testing.T) {
	tok := small(t, Options{})
	for _, c := range []struct {
		max       int
		bare      bool
		want      int
		truncated bool
	}{
		{0, false, 6, false},
		{7, false, 6, false},
		{6, false, 6, false},
		{5, false, 5, true},
		{3, false, 3, true},
		{2, false, 2, true},
		{1, false, 2, true},
		{-1, false, 6, false},
		{4, true, 4, false},
		{3, true, 3, true},
		{1, true, 1, true},
	} {
		got := tok.Encode("the film was great", EncodeOptions{MaxLength: c.max, NoSpecial: c.bare})
		if len(got.IDs) != c.want || got.Truncated != c.truncated {
			t.Errorf("MaxLength %d, NoSpecial %t: %d tokens, truncated %t; want %d, %t",
				c.max, c.bare, len(got.IDs), got.Truncated, c.want, c.truncated)
		}
	}
	if got := tok.EncodePair("the film", "was", EncodeOptions{MaxLength: 1}); len(got.IDs) != 3 || !got.Truncated {
		t.Errorf("a pair cut to 1: %d tokens, truncated %t; want 3, true", len(got.IDs), got.Truncated)
	}
}

// TestLongestFirst cuts a token at a time, as the name says.
func TestLongestFirst(t *testing.T) {
	for a := range 20 {
		for b := range 20 {
			for maxLen := 4; maxLen < 44; maxLen++ {
				wantA, wantB := a, b
				for wantA+wantB > maxLen-3 {
					// Where both are of one length, the text that was longer, or b
					// of two alike, keeps its token.
					if wantA > wantB || wantA == wantB && b >= a {
						wantA--
					} else {
						wantB--
					}
				}
				if gotA, gotB := longestFirst(a, b, maxLen, 3); gotA != wantA || gotB != wantB {
					t.Fatalf("%d and %d cut to %d: %d and %d, want %d and %d", a, b, maxLen, gotA, gotB, wantA, wantB)
				}
			}
		}
	}
}

// TestWordByWord checks that words normalised one by one, and words found in
// the cache, give what normalising the whole text at once gives.
func TestWordByWord(t *testing.T) {
	parts := []string{
		" ", "  ", "\n", "\x00", "\x01", "\x0b", "\u00a0", "\u200d", "\ufffd", ".", "'", "—", "。", "`", "ǅ", "é", "e\u0301", "İ", "ẞ",
		"\u0301", "\u0323", "\u0344", "\u0f73", "\u1fef", "\u1fed", "\u037e", "\u2001", "한", "각", "東", "豈", "か\u3099", "😀", "the", "The",
		"film", "FILM", "unreadable", strings.Repeat("a", 31), strings.Repeat("b", 40), "1", "20", "x", "Москва",
	}
	for name, tok := range oracleTokenizers(t) {
		if tok.normalized != nil {
			continue // it always takes the whole text
		}
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			e := tok.Encoder()
			for range 3 { // later ones meet words again
				text := strings.Join(rapid.SliceOf(rapid.SampledFrom(parts)).Draw(t, "parts"), "")
				var whole sequence
				whole.reset(1<<30, true)
				e.fold.fold(tok.chars, tok.rules, text)
				e.words(&whole, 0, len(e.fold.text), 0)
				var words sequence
				words.reset(1<<30, true)
				e.plain(&words, text, 0)
				if !slices.Equal(words.ids, whole.ids) || !slices.Equal(words.spans, whole.spans) {
					t.Fatalf("%q: %v %v, want %v %v", text, words.ids, words.spans, whole.ids, whole.spans)
				}
			}
		}))
	}
}

// TestAloneStandsAlone checks what wordEnd relies on, for every code point: one
// that parts words is one word or none by itself, and no mark moves across it.
func TestAloneStandsAlone(t *testing.T) {
	for name, tok := range oracleTokenizers(t) {
		e := tok.Encoder()
		for c := rune(0x80); c <= utf8.MaxRune; c++ {
			if !utf8.ValidRune(c) || !tok.alone(c) {
				continue
			}
			if tok.chars.of(c)&isChinese != 0 && c%64 != 0 && tok.chars.of(c)&hasCanon == 0 {
				continue // they are 80,000, and alike
			}
			text := "a\u0301\u0323" + string(c) + "\u0323\u0301b"
			e.fold.fold(tok.chars, tok.rules, text)
			var q sequence
			q.reset(1<<30, true)
			e.words(&q, 0, len(e.fold.text), 0)
			var parts sequence
			parts.reset(1<<30, true)
			at := int32(0)
			for _, part := range []string{"a\u0301\u0323", string(c), "\u0323\u0301b"} {
				e.fold.fold(tok.chars, tok.rules, part)
				e.words(&parts, 0, len(e.fold.text), at)
				at += int32(utf8.RuneCountInString(part))
			}
			if !slices.Equal(q.ids, parts.ids) || !slices.Equal(q.spans, parts.spans) {
				t.Errorf("%s: %U: %v %v, want %v %v", name, c, parts.ids, parts.spans, q.ids, q.spans)
			}
		}
	}
}

func TestEncoderReplaced(t *testing.T) {
	e := small(t, Options{}).Encoder()
	e.AppendIDs(nil, "a\xff", 0)
	e.AppendPairIDs(nil, "\xe2\x82 the film", "\xf0\x9f\x98 the film", 4) // read twice, counted once
	if got := e.Replaced(); got != 6 {
		t.Errorf("%d bytes replaced, want 6", got)
	}
}

func TestAppend(t *testing.T) {
	tok := small(t, Options{})
	e := tok.Encoder()
	ids := e.AppendIDs([]int32{7}, "the film", 0)
	ids, first := e.AppendPairIDs(ids, "the", "", 0)
	want := append([]int32{7}, tok.Encode("the film", EncodeOptions{}).IDs...)
	want = append(want, tok.EncodePair("the", "", EncodeOptions{}).IDs...)
	if !slices.Equal(ids, want) || first != 3 {
		t.Errorf("%v and first %d, want %v and 3", ids, first, want)
	}
	if n := testing.AllocsPerRun(20, func() { ids = e.AppendIDs(ids[:0], "the café 東京 film\x00s", 512) }); n != 0 {
		t.Errorf("%v allocations a text, want none", n)
	}
}

// TestConcurrent shares one tokenizer between goroutines; run it with -race.
func TestConcurrent(t *testing.T) {
	tok := oracleTokenizers(t)["added"]
	texts := []string{"The film wasn't great", "<USER> café 東京 <br><br>", "unreadable w1 \xff", strings.Repeat("great naïve ", 50)}
	want := make([]Encoding, len(texts))
	for i, text := range texts {
		want[i] = tok.EncodePair(text, texts[0], EncodeOptions{MaxLength: 33})
	}
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(g)))
			e := tok.Encoder()
			for range 200 {
				i := random.IntN(len(texts))
				got := tok.EncodePair(texts[i], texts[0], EncodeOptions{MaxLength: 33})
				if d := cmp.Diff(want[i], got); d != "" {
					t.Errorf("%q (-want +got):\n%s", texts[i], d)
				}
				ids, _ := e.AppendPairIDs(nil, texts[i], texts[0], 33)
				if !slices.Equal(ids, want[i].IDs) || tok.Decode(ids, true) != tok.Decode(want[i].IDs, true) {
					t.Errorf("%q: ids %v, want %v", texts[i], ids, want[i].IDs)
				}
			}
		})
	}
	wait.Wait()
}

func FuzzEncode(f *testing.F) {
	var toks []*Tokenizer
	data, err := os.ReadFile("testdata/vocab.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, o := range []Options{{}, {Cased: true}, {JoinChinese: true, Accents: AccentsKept, MaxWordChars: 4}} {
		tok, err := FromVocab(vocabFile, bytes.NewReader(data), o)
		if err != nil {
			f.Fatal(err)
		}
		toks = append(toks, tok)
	}
	// One whose added tokens do all that added tokens can.
	s := toks[0].spec
	for i, a := range []addedToken{
		{content: "<a>", lstrip: true, rstrip: true},
		{content: " a", singleWord: true},
		{content: "Bé", normalized: true, rstrip: true, singleWord: true},
	} {
		a.id = int32(len(s.tokens) + i)
		s.added = append(s.added[:len(s.added):len(s.added)], a)
	}
	tok, err := s.build()
	if err != nil {
		f.Fatal(err)
	}
	toks = append(toks, tok)

	f.Add("The film wasn't great", "café", 7)
	f.Add("한국 東京 \u0301\u0323\xff <a>  a be bé", "[CLS]\x00\u200d", 0)
	var encoders []*Encoder
	for _, tok := range toks {
		encoders = append(encoders, tok.Encoder())
	}
	f.Fuzz(func(t *testing.T, a, b string, maxLen int) {
		for i, tok := range toks {
			for range 2 { // the second time from the cache
				fuzzOne(t, tok, encoders[i], a, b, maxLen)
			}
		}
	})
}

// Type ids are the template's, whatever they are.
func TestFillTypeIDs(t *testing.T) {
	for _, c := range []struct{ old, new string }{
		{"", ""},
		{`{"id":"B","type_id":1}`, `{"id":"B","type_id":0}`},
		{`{"id":"A","type_id":0}`, `{"id":"A","type_id":2}`},
		{`{"id":"[SEP]","type_id":0}`, `{"id":"[SEP]","type_id":3}`},
		{`{"id":"[SEP]","type_id":1}`, `{"id":"[SEP]","type_id":4}`},
		{`{"id":"[CLS]","type_id":0}`, `{"id":"[CLS]","type_id":5}`},
	} {
		tok, err := FromJSON("j", strings.NewReader(tinyJSON(t, c.old, c.new)))
		if err != nil {
			t.Fatal(err)
		}
		for _, texts := range [][2]string{{"the film", "the"}, {"", ""}} {
			e := tok.Encoder()
			ids, first := e.AppendPairIDs(nil, texts[0], texts[1], 0)
			checkTypeIDs(t, tok, ids, first, e.EncodePair(texts[0], texts[1], EncodeOptions{}))
			ids = e.AppendIDs(nil, texts[0], 0)
			checkTypeIDs(t, tok, ids, len(ids), e.Encode(texts[0], EncodeOptions{}))
		}
	}
}

func checkTypeIDs(t *testing.T, tok *Tokenizer, ids []int32, first int, want Encoding) {
	t.Helper()
	got := make([]int64, len(ids))
	tok.FillTypeIDs(got, first)
	for i, typeID := range want.TypeIDs {
		if len(got) != len(want.TypeIDs) || got[i] != int64(typeID) {
			t.Errorf("type ids %v, want %v", got, want.TypeIDs)
			return
		}
	}
}

func fuzzOne(t *testing.T, tok *Tokenizer, e *Encoder, a, b string, maxLen int) {
	one := e.Encode(a, EncodeOptions{MaxLength: maxLen})
	two := e.EncodePair(a, b, EncodeOptions{MaxLength: maxLen})
	if ids := e.AppendIDs(nil, a, maxLen); !slices.Equal(ids, one.IDs) {
		t.Fatalf("%q: ids %v, want %v", a, ids, one.IDs)
	}
	ids, first := e.AppendPairIDs(nil, a, b, maxLen)
	if !slices.Equal(ids, two.IDs) {
		t.Fatalf("%q, %q: ids %v, want %v", a, b, ids, two.IDs)
	}
	runesA, _ := repair(a)
	runesB, _ := repair(b)
	for _, enc := range []Encoding{one, two} {
		n := len(enc.IDs)
		if len(enc.TypeIDs) != n || len(enc.Mask) != n || len(enc.Offsets) != n || maxLen > 2 && n > maxLen {
			t.Fatalf("%d ids, %d type ids, %d mask, %d offsets, at most %d", n, len(enc.TypeIDs), len(enc.Mask), len(enc.Offsets), maxLen)
		}
		for i, off := range enc.Offsets {
			end := utf8.RuneCountInString(runesA)
			if len(enc.IDs) == len(two.IDs) && i >= first {
				end = max(end, utf8.RuneCountInString(runesB))
			}
			if off[0] < 0 || off[0] > off[1] || int(off[1]) > end {
				t.Fatalf("%q, %q: token %d at %v of %d", a, b, i, off, end)
			}
		}
		tok.Decode(enc.IDs, true)
		for _, id := range enc.IDs {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("%q: id %d", a, id)
			}
		}
	}
}
