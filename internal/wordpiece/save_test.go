package wordpiece

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gotune/gotune/internal/sharedtest"
)

var saved = []string{vocabFile, jsonFile, configFile, namesFile}

// small returns the tokenizer of testdata/vocab.txt.
func small(t testing.TB, o Options) *Tokenizer {
	t.Helper()
	data, err := os.ReadFile("testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := FromVocab(vocabFile, bytes.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// oracleTokenizers returns the tokenizers of testdata/goldens.jsonl.gz.
func oracleTokenizers(t *testing.T) map[string]*Tokenizer {
	toks := make(map[string]*Tokenizer)
	for line := range gzLines(t, "testdata/goldens.jsonl.gz") {
		if !bytes.Contains(line[:min(100, len(line))], []byte(`"json"`)) {
			continue
		}
		var g oracleLine
		if err := json.Unmarshal(line, &g); err != nil {
			t.Fatal(err)
		}
		tok, err := FromJSON(g.Tokenizer, strings.NewReader(g.JSON))
		if err != nil {
			t.Fatal(err)
		}
		toks[g.Tokenizer] = tok
	}
	return toks
}

// unsourced returns t without the files it was made of, so that Save makes all.
func unsourced(t *Tokenizer) *Tokenizer {
	made, err := t.spec.build()
	if err != nil {
		panic(err) // t was built of the same
	}
	return made
}

func savedTokenizers(t *testing.T) map[string]*Tokenizer {
	toks := oracleTokenizers(t)
	for name, tok := range toks {
		toks[name+", made anew"] = unsourced(tok)
	}
	toks["vocab.txt"] = small(t, Options{})
	toks["vocab.txt cased"] = small(t, Options{Cased: true})
	toks["vocab.txt accents"] = small(t, Options{Accents: AccentsKept})
	for name, config := range map[string]string{
		"switches of tokenizer.json": `{"tokenizer_class": "BertTokenizer"}`, // transformers would fold case
		"switches of both":           `{"strip_accents": false, "model_max_length": 1000000000000000019884624838656}`,
		"no class of BERT's":         `{"tokenizer_class": "PreTrainedTokenizerFast"}`,
	} {
		tok, err := Open(folder(t, map[string]string{
			jsonFile: tinyJSON(t, `"lowercase":true,"strip_accents":null`, `"lowercase":false,"strip_accents":true`), configFile: config,
		}))
		if err != nil {
			t.Fatal(err)
		}
		toks[name] = tok
	}
	return toks
}

var saveTexts = [][]string{
	{"The FILM wasn't great, don't you think? Café naïve 東京 <br> foobar FooBar"},
	{"[CLS] greatly <USER> Ünï", "e\u200bd зzz a\x00b 😀😀 unreadable (w1) <lr> sp"},
	{"the film the film the film the film", "great"},
	{""},
}

func encodeTexts(tok *Tokenizer, texts []string, o EncodeOptions) Encoding {
	if len(texts) == 2 {
		return tok.EncodePair(texts[0], texts[1], o)
	}
	return tok.Encode(texts[0], o)
}

func TestSavedOpensTheSame(t *testing.T) {
	for name, tok := range savedTokenizers(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tok.Save(dir); err != nil {
				t.Fatal(err)
			}
			again, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, texts := range saveTexts {
				want := encodeTexts(tok, texts, EncodeOptions{})
				if d := cmp.Diff(want, encodeTexts(again, texts, EncodeOptions{})); d != "" {
					t.Errorf("%q (-want +got):\n%s", texts, d)
				}
				if w, g := tok.Decode(want.IDs, true), again.Decode(want.IDs, true); w != g {
					t.Errorf("decode: %q, want %q", g, w)
				}
			}
			// vocab.txt alone must be readable too.
			vocab, err := os.ReadFile(filepath.Join(dir, vocabFile))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(vocab, []byte("\n")); n != tok.vocab.size {
				t.Errorf("vocab.txt has %d lines, want %d", n, tok.vocab.size)
			}
		})
	}
}

func TestSaveKeepsBytes(t *testing.T) {
	from := sharedtest.Dir(t, "models", "minilm-l6-h384-uncased")
	tok, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range saved {
		want, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s changed: %d bytes, want %d", name, len(got), len(want))
		}
	}
	if got := tok.MaxLength(); got != 512 {
		t.Errorf("max length %d, want 512", got)
	}
}

// transformers' BertTokenizer does not look at tokenizer.json's normaliser.
func TestSaveWritesSwitches(t *testing.T) {
	json := tinyJSON(t, `"lowercase":true,"strip_accents":null`, `"lowercase":false,"strip_accents":true`)
	for _, c := range []struct{ config, want string }{
		{
			`{"model_max_length": 1000000000000000019884624838656, "x": "<é>"}`,
			"{\n  \"do_lower_case\": false,\n  \"model_max_length\": 1000000000000000019884624838656,\n" +
				"  \"strip_accents\": true,\n  \"tokenize_chinese_chars\": true,\n  \"x\": \"<é>\"\n}\n",
		},
		{`{"do_lower_case": false, "strip_accents": true}`, `{"do_lower_case": false, "strip_accents": true}`},
		{`{"tokenizer_class": "PreTrainedTokenizerFast"}`, `{"tokenizer_class": "PreTrainedTokenizerFast"}`},
	} {
		tok, err := Open(folder(t, map[string]string{jsonFile: json, configFile: c.config}))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, configFile))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.config, d)
		}
	}
}

func TestSaveNowhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	err := small(t, Options{}).Save(dir)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, vocabFile)) {
		t.Errorf("error %v, want one that names the file", err)
	}
}

// TestTransformersOpensSaved needs a Python with transformers, named by
// GOTUNE_PYTHON.
func TestTransformersOpensSaved(t *testing.T) {
	python := os.Getenv("GOTUNE_PYTHON")
	if python == "" {
		t.Skip("GOTUNE_PYTHON names no Python with transformers")
	}
	script := filepath.Join(sharedtest.Root(t), "hack", "goldens", "tokenizer", "reopen.py")
	var stdin bytes.Buffer
	for _, texts := range saveTexts {
		line, err := json.Marshal(texts)
		if err != nil {
			t.Fatal(err)
		}
		stdin.Write(append(line, '\n'))
	}
	for name, tok := range savedTokenizers(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := tok.Save(dir); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python, script, dir)
			cmd.Stdin = bytes.NewReader(stdin.Bytes())
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			scan := bufio.NewScanner(bytes.NewReader(out))
			for _, texts := range saveTexts {
				var want struct {
					IDs, Cut []int32
					Text     string
					Size     int
					Special  []int32
				}
				scan.Scan()
				if err := json.Unmarshal(scan.Bytes(), &want); err != nil {
					t.Fatalf("%v in %q", err, scan.Bytes())
				}
				full := encodeTexts(tok, texts, EncodeOptions{})
				cut := encodeTexts(tok, texts, EncodeOptions{MaxLength: 16})
				mask, _ := tok.MaskID()
				if d := cmp.Diff([][]int32{want.IDs, want.Cut, want.Special},
					[][]int32{full.IDs, cut.IDs, {tok.PadID(), tok.UnkID(), tok.CLSID(), tok.SEPID(), mask}}); d != "" {
					t.Errorf("%q (-want +got):\n%s", texts, d)
				}
				if got := tok.Decode(full.IDs, false); got != want.Text {
					t.Errorf("decode: %q, want %q", got, want.Text)
				}
				if tok.VocabSize() != want.Size {
					t.Errorf("vocabulary of %d, want %d", tok.VocabSize(), want.Size)
				}
			}
		})
	}
}
