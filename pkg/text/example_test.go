package text_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gotune/gotune/pkg/text"
)

const miniLM = "../../weights/minilm-l6-h384-uncased"

// A tokenizer from a model's folder, as Hugging Face wrote it.
func ExampleOpenTokenizer() {
	tok, err := text.OpenTokenizer(miniLM)
	if err != nil {
		fmt.Println(err)
		return
	}
	e := tok.Encode("An unforgettable film!", text.EncodeOptions{MaxLength: 16})
	for i, id := range e.IDs {
		fmt.Println(id, tok.Token(id), e.Offsets[i]) // code points of the text
	}
	// Output:
	// 101 [CLS] [0 0]
	// 2019 an [0 2]
	// 4895 un [3 5]
	// 29278 ##for [5 8]
	// 18150 ##get [8 11]
	// 10880 ##table [11 16]
	// 2143 film [17 21]
	// 999 ! [21 22]
	// 102 [SEP] [0 0]
}

// Texts and their classes from a CSV file, and its first batch: token ids of one
// length, and how many of each text count.
func ExampleOpenDataset() {
	dir, err := os.MkdirTemp("", "films")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	films := filepath.Join(dir, "films.csv")
	if err := os.WriteFile(films, []byte("text,label\nA quiet and funny film.,pos\nDull.,neg\n"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	tok, err := text.OpenTokenizer(miniLM)
	if err != nil {
		fmt.Println(err)
		return
	}
	ds, err := text.OpenDataset(films, tok, text.DataOptions{MaxLength: 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ds.Close()
	b, err := ds.Batch(context.Background(), 0, []int{0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ds.Classes(), b.Labels, b.Lengths)
	fmt.Println(b.IDs)
	// Output:
	// [neg pos] [1 0] [8 4]
	// [101 1037 4251 1998 6057 2143 1012 102 101 10634 1012 102 0 0 0 0]
}

// A pretrained encoder with a new head of two classes. Its logits are random
// until it is trained. rt is libtorch, by train.Open or torch.Open.
func ExampleLoad() {
	model, report, err := text.Load(rt, miniLM, text.LoadOptions{Labels: []string{"neg", "pos"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	fmt.Println("new:", report.Missing)
	fmt.Println(model.Group("bert.encoder.layer.5.output.dense.weight"), model.Group("classifier.weight"))
	// Output:
	// new: [classifier.weight classifier.bias]
	// layer.5 head
}

// A model of two layers and three classes answers for a batch of two texts, of
// which the second is padded.
func ExampleBERT_Logits() {
	model, _, err := text.Load(rt, "testdata/bert-tiny", text.LoadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	b := &text.Batch{N: 2, T: 4, IDs: []int64{2, 7, 9, 3, 2, 5, 3, 0}, TypeIDs: make([]int64, 8), Lengths: []int{4, 3}}
	s := rt.Scope(rt.EvalMode())
	defer s.Close()
	logits := model.Logits(s, b.Inputs(s)) // [2, classes]
	fmt.Println(logits.Shape(), model.Classes())
	fmt.Printf("%.2f %v\n", s.Floats(logits), s.Err())
	// Output:
	// [2 3] [a b c]
	// [-0.19 -0.15 -1.08 0.34 -0.38 -1.19] <nil>
}
