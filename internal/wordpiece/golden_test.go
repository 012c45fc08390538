package wordpiece

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/sharedtest"
)

// golden is a line of Hugging Face's answers. Texts are bytes, because some are
// not UTF-8: those were read with errors="replace".
type golden struct {
	I      int        `json:"i"`
	S      []byte     `json:"s"`
	P      *[]byte    `json:"p"` // nil for a single text
	IDs    []int32    `json:"ids"`
	Types  []int32    `json:"tt"`
	Off    [][2]int32 `json:"off"`
	IDs512 []int32    `json:"ids512"`
	TT512  []int32    `json:"tt512"`
	IDs64  []int32    `json:"ids64"` // padded to 64
	TT64   []int32    `json:"tt64"`
}

func TestHuggingFaceGoldens(t *testing.T) {
	file := sharedtest.Dir(t, "goldens", "bert-base-uncased-tokenization.jsonl.gz")
	folder := sharedtest.Dir(t, "models", "bert-base-uncased-tokenizer")
	fromJSON, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(folder, vocabFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fromVocab, err := FromVocab(f.Name(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := readGoldens(t, file)
	for name, tok := range map[string]*Tokenizer{jsonFile: fromJSON, vocabFile: fromVocab} {
		t.Run(name, func(t *testing.T) {
			wrong := 0
			for _, g := range lines {
				if !checkGolden(t, tok, g) {
					wrong++
				}
			}
			t.Logf("%d of %d lines differ", wrong, len(lines))
			if len(lines) < 3000 {
				t.Errorf("only %d lines", len(lines))
			}
		})
	}
}

func readGoldens(t *testing.T, file string) (lines []golden) {
	for line := range gzLines(t, file) {
		var g golden
		if err := json.Unmarshal(line, &g); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, g)
	}
	return lines
}

// gzLines yields the lines of a gzipped file.
func gzLines(t *testing.T, file string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		scan := bufio.NewScanner(z)
		scan.Buffer(nil, 64<<20)
		for scan.Scan() {
			if !yield(scan.Bytes()) {
				return
			}
		}
		if err := scan.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkGolden(t *testing.T, tok *Tokenizer, g golden) bool {
	encode := func(o EncodeOptions) Encoding {
		if g.P != nil {
			return tok.EncodePair(string(g.S), string(*g.P), o)
		}
		return tok.Encode(string(g.S), o)
	}
	full, cut, padded := encode(EncodeOptions{}), encode(EncodeOptions{MaxLength: 512}), encode(EncodeOptions{MaxLength: 64})
	tok.Pad(&padded, 64)
	ok := sameIDs(t, g, "ids", g.IDs, full.IDs)
	ok = sameIDs(t, g, "type ids", g.Types, full.TypeIDs) && ok
	ok = sameIDs(t, g, "ids of 512", g.IDs512, cut.IDs) && ok
	ok = sameIDs(t, g, "type ids of 512", g.TT512, cut.TypeIDs) && ok
	ok = sameIDs(t, g, "ids of 64", g.IDs64, padded.IDs) && ok
	ok = sameIDs(t, g, "type ids of 64", g.TT64, padded.TypeIDs) && ok
	if !slices.Equal(g.Off, full.Offsets) {
		t.Errorf("line %d: offsets of %.60q (-want +got):\n%s", g.I, g.S, cmp.Diff(g.Off, full.Offsets))
		return false
	}
	return ok
}

func sameIDs(t *testing.T, g golden, what string, want, got []int32) bool {
	if slices.Equal(want, got) {
		return true
	}
	t.Errorf("line %d: %s of %.60q (-want +got):\n%s", g.I, what, g.S, cmp.Diff(want, got))
	return false
}
