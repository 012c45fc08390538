package wordpiece_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/gotune/gotune/internal/wordpiece"
)

func fromTestdata() (*wordpiece.Tokenizer, error) {
	f, err := os.Open("testdata/vocab.txt")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return wordpiece.FromVocab("vocab.txt", f, wordpiece.Options{})
}

func ExampleTokenizer_Encode() {
	tok, err := fromTestdata()
	if err != nil {
		fmt.Println(err)
		return
	}
	enc := tok.Encode("The café wasn't unreadable", wordpiece.EncodeOptions{})
	for i, id := range enc.IDs {
		fmt.Println(id, tok.Token(id), enc.Offsets[i])
	}
	// Output:
	// 2 [CLS] [0 0]
	// 5 the [0 3]
	// 40 cafe [4 8]
	// 11 was [9 12]
	// 98 ##n [12 13]
	// 181 ' [13 14]
	// 28 t [14 15]
	// 17 un [16 18]
	// 101 ##r [18 19]
	// 95 ##e [19 20]
	// 90 ##ad [20 22]
	// 89 ##able [22 26]
	// 3 [SEP] [0 0]
}

func ExampleTokenizer_EncodePair() {
	tok, err := fromTestdata()
	if err != nil {
		fmt.Println(err)
		return
	}
	enc := tok.EncodePair("a great film", "bad", wordpiece.EncodeOptions{MaxLength: 6})
	tok.Pad(&enc, 8)
	fmt.Println(enc.IDs)
	fmt.Println(enc.TypeIDs)
	fmt.Println(enc.Mask)
	fmt.Println(tok.Decode(enc.IDs, true))
	// Output:
	// [2 7 14 3 16 3 0 0]
	// [0 0 0 0 1 1 0 0]
	// [1 1 1 1 1 1 0 0]
	// a great bad
}

func ExampleEncoder_AppendIDs() {
	tok, err := fromTestdata()
	if err != nil {
		fmt.Println(err)
		return
	}
	e := tok.Encoder() // one for each worker
	var ids []int32
	for _, review := range []string{"great", "not a great film"} {
		ids = e.AppendIDs(ids[:0], review, 512)
		fmt.Println(ids)
	}
	// Output:
	// [2 14 3]
	// [2 13 7 14 9 3]
}

func ExampleFromVocab() {
	_, err := wordpiece.FromVocab("vocab.txt", strings.NewReader("[PAD]\n[UNK]\n[CLS]\nthe\n"), wordpiece.Options{})
	fmt.Println(err)
	// Output:
	// vocab.txt: no token "[SEP]" among the 4
}

func ExampleOpen() {
	_, err := wordpiece.Open("testdata/no-such-model")
	fmt.Println(err)
	// Output:
	// open tokenizer: testdata/no-such-model holds neither tokenizer.json nor vocab.txt: file does not exist
}

func ExampleFromJSON() {
	_, err := wordpiece.FromJSON("tokenizer.json", strings.NewReader(`{
		"version": "1.0",
		"normalizer": null,
		"pre_tokenizer": {"type": "ByteLevel"},
		"model": {"type": "BPE"}
	}`))
	fmt.Println(err)
	// Output:
	// tokenizer.json: pre_tokenizer.type is "ByteLevel", want BertPreTokenizer
}

func ExampleTokenizer_Decode() {
	tok, err := fromTestdata()
	if err != nil {
		fmt.Println(err)
		return
	}
	enc := tok.Encode("The film isn't great.", wordpiece.EncodeOptions{})
	fmt.Println(tok.Decode(enc.IDs, false))
	fmt.Println(tok.Decode(enc.IDs, true))
	// Output:
	// [CLS] the film isn't great. [SEP]
	// the film isn't great.
}

func ExampleTokenizer_Save() {
	tok, err := fromTestdata()
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "tokenizer")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := tok.Save(dir); err != nil {
		fmt.Println(err)
		return
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files {
		fmt.Println(f.Name())
	}
	// Output:
	// special_tokens_map.json
	// tokenizer.json
	// tokenizer_config.json
	// vocab.txt
}
