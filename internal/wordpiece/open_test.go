package wordpiece

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const tinyVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nThe\n##n\nfilm\né\ne\n東\n京\n"

// tinyJSON returns the tokenizer.json of tinyVocab, with old replaced by new.
func tinyJSON(t *testing.T, old, new string) string {
	t.Helper()
	tok, err := FromVocab(vocabFile, strings.NewReader(tinyVocab), Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := tok.makeJSON()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		t.Fatal(err)
	}
	if old != "" && !strings.Contains(b.String(), old) {
		t.Fatalf("no %s in %s", old, b.String())
	}
	return strings.ReplaceAll(b.String(), old, new)
}

func TestOpenSwitches(t *testing.T) {
	const text = "The film é 東京"
	for _, c := range []struct {
		name, config, want string
	}{
		{"uncased without a config", "", "[CLS] the film e 東 京 [SEP]"},
		{"cased", `{"do_lower_case": false}`, "[CLS] The film é 東 京 [SEP]"},
		{"cased, accents stripped", `{"do_lower_case": false, "strip_accents": true}`, "[CLS] The film e 東 京 [SEP]"},
		{"uncased, accents kept", `{"strip_accents": false}`, "[CLS] the film é 東 京 [SEP]"},
		{"accents by case", `{"do_lower_case": true, "strip_accents": null}`, "[CLS] the film e 東 京 [SEP]"},
		{"ideographs joined", `{"tokenize_chinese_chars": false}`, "[CLS] the film e [UNK] [SEP]"},
		{"another name", `{"cls_token": "[MASK]", "sep_token": {"content": "[PAD]"}}`, "[MASK] the film e 東 京 [PAD]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{vocabFile: tinyVocab}
			if c.config != "" {
				files[configFile] = c.config
			}
			checkTokens(t, folder(t, files), text, c.want)
			if strings.HasPrefix(c.name, "another") {
				return // in tokenizer.json the template names them
			}
			// The config overrules tokenizer.json, but not where transformers
			// would read tokenizer.json alone.
			delete(files, vocabFile)
			files[jsonFile] = tinyJSON(t, "", "")
			checkTokens(t, folder(t, files), text, c.want)
			if c.config != "" {
				files[configFile] = `{"tokenizer_class": "PreTrainedTokenizerFast", ` + c.config[1:]
				checkTokens(t, folder(t, files), text, "[CLS] the film e 東 京 [SEP]")
			}
		})
	}
}

func checkTokens(t *testing.T, dir, text, want string) {
	t.Helper()
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, id := range tok.Encode(text, EncodeOptions{}).IDs {
		got = append(got, tok.Token(id))
	}
	if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
		t.Error(d)
	}
}

func TestOpenAddedTokens(t *testing.T) {
	const old = `{"<u>": 13, "<V>": 14}`
	const decoder = `{"added_tokens_decoder": {
		"13": {"content": "<u>", "normalized": true},
		"14": {"content": "<V>", "normalized": true},
		"15": {"content": "<w>", "special": true}}}`
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"added_tokens.json":    {map[string]string{addedFile: old}, "[CLS] <u> <V> <V> [UNK] [UNK] [UNK] [SEP]"},
		"added_tokens_decoder": {map[string]string{addedFile: old, configFile: decoder}, "[CLS] <u> <V> <V> <w> [SEP]"},
	} {
		t.Run(name, func(t *testing.T) {
			c.files[vocabFile] = tinyVocab
			checkTokens(t, folder(t, c.files), "<U><V><v><w>", c.want)
		})
	}
}

func TestOpenErrors(t *testing.T) {
	vocabWith := func(old, new string) map[string]string {
		return map[string]string{vocabFile: strings.Replace(tinyVocab, old, new, 1)}
	}
	jsonWith := func(old, new string) map[string]string {
		return map[string]string{jsonFile: tinyJSON(t, old, new)}
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // the error's end
	}{
		{"nothing", nil, `holds neither tokenizer.json nor vocab.txt: file does not exist`},
		{"empty vocabulary", map[string]string{vocabFile: ""}, `vocab.txt: the file is empty`},
		{"blank vocabulary", map[string]string{vocabFile: "\n\n"}, `vocab.txt: the file is empty`},
		{"no [UNK]", vocabWith("[UNK]", "x"), `vocab.txt: no token "[UNK]" among the 13`},
		{"no [CLS]", vocabWith("[CLS]", "x"), `vocab.txt: no token "[CLS]" among the 13`},
		{"no [SEP]", vocabWith("[SEP]", "x"), `vocab.txt: no token "[SEP]" among the 13`},
		{"no [PAD]", vocabWith("[PAD]", "x"), `vocab.txt: no token "[PAD]" among the 13`},
		{"token twice", vocabWith("film", "the"), `vocab.txt: token "the" is there twice, as 5 and 8`},
		{"not UTF-8", vocabWith("film", "fi\xffm"), `vocab.txt: line 9, "fi\xffm", is not UTF-8`},
		{"byte order mark", vocabWith("[PAD]", "\uFEFF[PAD]"), `vocab.txt: begins with a byte order mark: it would be part of the first token`},
		{"broken config", map[string]string{vocabFile: tinyVocab, configFile: `{"do_lower_case"}`}, `tokenizer_config.json: invalid JSON at byte 17: invalid character '}' after object key`},
		{"config of another kind", map[string]string{vocabFile: tinyVocab, configFile: `{"do_lower_case": 1}`}, `tokenizer_config.json: do_lower_case is a JSON number, want true or false`},
		{"added id", map[string]string{vocabFile: tinyVocab, configFile: `{"added_tokens_decoder": {"20": {"content": "<x>"}}}`}, `vocab.txt: added token "<x>" has id 20, want 13`},
		{"added key", map[string]string{vocabFile: tinyVocab, configFile: `{"added_tokens_decoder": {"x": {"content": "<x>"}}}`}, `vocab.txt: added_tokens_decoder: key "x" is no token's id`},
		{"added nothing", map[string]string{vocabFile: tinyVocab, configFile: `{"added_tokens_decoder": {"13": {}}}`}, `vocab.txt: added_tokens_decoder.13.content is missing`},
		{"added alike", map[string]string{vocabFile: tinyVocab, addedFile: `{"<x>": 13, "<X>": 14}`}, `vocab.txt: added tokens "<x>" and "<X>" read alike`},
		{"added one id", map[string]string{vocabFile: tinyVocab, addedFile: `{"<x>": 13, "<y>": 13}`}, `have one id, 13`},

		{"empty JSON", map[string]string{jsonFile: " "}, `tokenizer.json: the file is empty`},
		{"cut JSON", map[string]string{jsonFile: tinyJSON(t, "", "")[:300]}, `tokenizer.json: invalid JSON at byte 300: unexpected end of JSON input`},
		{"JSON not UTF-8", jsonWith("film", "fi\xffm"), `tokenizer.json: not UTF-8`},
		{"JSON of another kind", map[string]string{jsonFile: `[1]`}, `tokenizer.json: the file is a JSON array, want an object`},
		{"another version", jsonWith(`"1.0"`, `"2.0"`), `tokenizer.json: version "2.0", want "1.0"`},
		{"BPE", jsonWith(`"WordPiece","unk`, `"BPE","unk`), `tokenizer.json: model.type is "BPE", want WordPiece`},
		{"Unigram", map[string]string{jsonFile: unigram(t)}, `tokenizer.json: model.type is "Unigram", want WordPiece`},
		{"no model", jsonWith(`"model"`, `"modal"`), `tokenizer.json: model is missing, want type WordPiece`},
		{"no unk_token", jsonWith(`"unk_token"`, `"x"`), `tokenizer.json: model: unk_token, continuing_subword_prefix, max_input_chars_per_word or vocab is missing`},
		{"negative length", jsonWith(`"max_input_chars_per_word":100`, `"max_input_chars_per_word":-1`), `tokenizer.json: model.max_input_chars_per_word is -1`},
		{"vocab an array", jsonWith(`"vocab":{`, `"vocab":[],"x":{`), `tokenizer.json: model.vocab is not an object of tokens and ids`},
		{"vocab's gap", jsonWith(`"film":8`, `"film":80`), `tokenizer.json: model.vocab: token "film" has id 80 among 13 tokens`},
		{"vocab's id twice", jsonWith(`"film":8`, `"film":7`), `tokenizer.json: model.vocab: tokens "##n" and "film" have one id, 7`},
		{"vocab's token twice", jsonWith(`"film":8`, `"the":8`), `tokenizer.json: token "the" is there twice, as 5 and 8`},
		{"vocab's id no number", jsonWith(`"film":8`, `"film":{"a":8}`), `tokenizer.json: model.vocab: token "film" has id {"a":8`},
		{"vocab's id negative", jsonWith(`"film":8`, `"film":-8`), `tokenizer.json: model.vocab: token "film" has id -8`},
		{"vocab empty", jsonWith(tinyJSON(t, "", ""), `{"version":"1.0","pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["[SEP]",0],"cls":["[CLS]",0]},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{}}}`), `tokenizer.json: no token "[UNK]" among the 0`},
		{"normalizer", jsonWith(`"BertNormalizer"`, `"NFC"`), `tokenizer.json: normalizer.type is "NFC", want BertNormalizer`},
		{"normalizer's switch", jsonWith(`"lowercase"`, `"x"`), `tokenizer.json: normalizer: clean_text, handle_chinese_chars or lowercase is missing`},
		{"normalizer's kind", jsonWith(`"lowercase":true`, `"lowercase":"yes"`), `tokenizer.json: normalizer.lowercase is a JSON string, want true or false`},
		{"pre-tokenizer", jsonWith(`"BertPreTokenizer"`, `"Whitespace"`), `tokenizer.json: pre_tokenizer.type is "Whitespace", want BertPreTokenizer`},
		{"no pre-tokenizer", jsonWith(`"pre_tokenizer"`, `"x"`), `tokenizer.json: pre_tokenizer is missing, want type BertPreTokenizer`},
		{"post-processor", jsonWith(`"TemplateProcessing"`, `"RobertaProcessing"`), `tokenizer.json: post_processor.type is "RobertaProcessing", want BertProcessing or TemplateProcessing`},
		{"template's shape", jsonWith(`"single":[`, `"single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},`), `tokenizer.json: post_processor.single: want a special token, A, a special token`},
		{"pair's shape", jsonWith(`"id":"B"`, `"id":"A"`), `tokenizer.json: post_processor.pair: want B and a special token behind the first text's`},
		{"no pair", jsonWith(`"pair":`, `"x":`), `tokenizer.json: post_processor.pair: want [CLS] A [SEP] B [SEP]`},
		{"template's token", jsonWith(`"special_tokens"`, `"x"`), `tokenizer.json: post_processor.single: special_tokens: want one token and one id for "[CLS]"`},
		{"template's id", jsonWith(`"ids":[2]`, `"ids":[3]`), `tokenizer.json: post_processor: token "[CLS]" has id 3, want 2`},
		{"decoder", jsonWith(`"decoder":{"cleanup":true,"prefix":"##","type":"WordPiece"}`, `"decoder":{"type":"ByteLevel"}`), `tokenizer.json: decoder.type is "ByteLevel", want WordPiece`},
		{"added id in JSON", jsonWith(`{"id":4,"content":"[MASK]"`, `{"id":5,"content":"[MASK]"`), `tokenizer.json: added token "[MASK]" has id 5, want 4`},
		{"added twice", jsonWith(`{"id":4,"content":"[MASK]"`, `{"id":3,"content":"[SEP]"`), `tokenizer.json: added token "[SEP]" is there twice`},
		{"added without content", jsonWith(`"content":"[MASK]"`, `"x":""`), `tokenizer.json: added_tokens[4].content is missing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			tok, err := Open(dir)
			if err == nil {
				t.Fatalf("opened, with %d tokens", tok.VocabSize())
			}
			if !strings.HasSuffix(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got  %v\nwant … %s", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v, want fs.ErrNotExist", err)
	}
}

// unigram returns a tokenizer.json whose vocabulary is a list, as Unigram's is.
func unigram(t *testing.T) string {
	text := tinyJSON(t, `"WordPiece","unk`, `"Unigram","unk`)
	at := strings.Index(text, `"vocab":`)
	return text[:at] + `"vocab":[["<unk>",0.0]]}}`
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := FromVocab("v", iotest.ErrReader(broken), Options{}); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "v: ") {
		t.Errorf("FromVocab: %v", err)
	}
	if _, err := FromJSON("j", iotest.ErrReader(broken)); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "j: ") {
		t.Errorf("FromJSON: %v", err)
	}
}

func TestVocabLineEnds(t *testing.T) {
	want, err := FromVocab("v", strings.NewReader(tinyVocab), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		strings.ReplaceAll(tinyVocab, "\n", "\r\n"),
		strings.TrimSuffix(tinyVocab, "\n"),
	} {
		got, err := FromVocab("v", strings.NewReader(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.vocab.tokens, got.vocab.tokens); d != "" {
			t.Error(d)
		}
	}
}
