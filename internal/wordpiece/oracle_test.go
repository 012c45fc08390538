package wordpiece

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oracleLine is a line of goldens.jsonl.gz: a tokenizer.json of Hugging Face's,
// or what that tokenizer made of a text or pair.
type oracleLine struct {
	Tokenizer string     `json:"t"`
	JSON      string     `json:"json"`
	S         []byte     `json:"s"`
	P         *[]byte    `json:"p"`
	Max       int        `json:"max"`
	Bare      bool       `json:"bare"` // without special tokens
	IDs       []int32    `json:"ids"`
	Types     []int32    `json:"tt"`
	Offsets   [][2]int32 `json:"off"`
	Spaced    string     `json:"spaced"`
	Text      string     `json:"text"`
	Skip      string     `json:"skip"` // without special tokens
}

// TestEverySwitch compares each kind of BERT tokenizer with Hugging Face's on
// texts made to be hard. WORDPIECE_GOLDENS names a folder with more of them
// (hack/goldens/tokenizer/goldens.py).
func TestEverySwitch(t *testing.T) {
	dir := os.Getenv("WORDPIECE_GOLDENS")
	if dir == "" {
		dir = "testdata"
	}
	toks := make(map[string]*Tokenizer)
	encoders := make(map[string]*Encoder)
	checked, wrong := make(map[string]int), 0
	for line := range gzLines(t, filepath.Join(dir, "goldens.jsonl.gz")) {
		var g oracleLine
		if err := json.Unmarshal(line, &g); err != nil {
			t.Fatal(err)
		}
		if g.JSON != "" {
			tok, err := FromJSON(g.Tokenizer, strings.NewReader(g.JSON))
			if err != nil {
				t.Fatal(err)
			}
			toks[g.Tokenizer], encoders[g.Tokenizer] = tok, tok.Encoder()
			continue
		}
		checked[g.Tokenizer]++
		if diff := g.diff(toks[g.Tokenizer], encoders[g.Tokenizer]); diff != "" {
			wrong++
			if wrong <= 10 {
				t.Errorf("%s: %q (-want +got):\n%s", g.Tokenizer, g.S, diff)
			}
		}
	}
	t.Logf("%d differ of %v", wrong, checked)
	if len(checked) < 8 || wrong > 0 {
		t.Errorf("%d differ; %d tokenizers compared, want 8", wrong, len(checked))
	}
}

func (g *oracleLine) diff(tok *Tokenizer, e *Encoder) string {
	o := EncodeOptions{MaxLength: g.Max, NoSpecial: g.Bare}
	var got Encoding
	var fast []int32
	if g.P != nil {
		got = tok.EncodePair(string(g.S), string(*g.P), o)
		fast, _ = e.AppendPairIDs(nil, string(g.S), string(*g.P), g.Max)
	} else {
		got = tok.Encode(string(g.S), o)
		fast = e.AppendIDs(nil, string(g.S), g.Max)
	}
	switch {
	case !slices.Equal(got.IDs, g.IDs):
		return "ids:\n" + cmp.Diff(g.IDs, got.IDs)
	case !slices.Equal(got.TypeIDs, g.Types):
		return "type ids:\n" + cmp.Diff(g.Types, got.TypeIDs)
	case !slices.Equal(got.Offsets, g.Offsets):
		return "offsets:\n" + cmp.Diff(g.Offsets, got.Offsets)
	case !g.Bare && !slices.Equal(fast, g.IDs):
		return "ids without offsets:\n" + cmp.Diff(g.IDs, fast)
	}
	return cmp.Diff([]string{g.Spaced, g.Text, g.Skip},
		[]string{tok.DecodeSpaced(got.IDs, false), tok.Decode(got.IDs, false), tok.Decode(got.IDs, true)})
}
