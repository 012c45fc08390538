package corpus_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/gotune/gotune/internal/column"
	"github.com/gotune/gotune/internal/corpus"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "reviews")
	if err != nil {
		log.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "reviews.csv")
	err = os.WriteFile(path, []byte("review,sentiment\n\"Fine, really.\",positive\nPoor.,negative\n"), 0o600)
	if err != nil {
		log.Println(err)
		return
	}

	c, err := corpus.Open(path, corpus.Options{})
	if err != nil {
		log.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.Classes())
	for i := range c.Len() {
		e, err := c.Example(i)
		if err != nil {
			log.Println(err)
			return
		}
		fmt.Printf("%s %d %q\n", e.ID, e.Label, e.Text)
	}
	// Output:
	// [negative positive]
	// reviews.csv:2 1 "Fine, really."
	// reviews.csv:3 0 "Poor."
}

func ExampleSplit() {
	labels := column.Collect(slices.Values([]int{0, 0, 0, 0, 1, 1, 1, 1}))
	train, val, err := corpus.Split(labels, 0.25, 42)
	if err != nil {
		log.Println(err)
		return
	}
	fmt.Println(slices.Collect(train.Values()), slices.Collect(val.Values()))
	// Output: [1 2 3 4 5 7] [0 6]
}

func ExampleSubsample() {
	fmt.Println(corpus.Subsample(1000, 5, 42))
	// Output: [793 856 587 38 249]
}
