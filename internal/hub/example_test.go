package hub_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/gotune/gotune/internal/hub"
)

func ExampleClient_Resolve() {
	o, err := hub.FromEnv()
	if err != nil {
		fmt.Println(err)
		return
	}
	o.Progress = func(file string, done, total int64) {
		fmt.Fprintf(os.Stderr, "\r%s %d of %d bytes", file, done, total)
	}
	c, err := hub.New(o)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Resolve(context.Background(), "bert-base", hub.Text)
	if errors.Is(err, hub.ErrUsage) {
		fmt.Println(err)
	}
	// Output:
	// model "bert-base": no folder or file of that name, nor a model of the manifest; models on the hub are written org/name; did you mean bert-base-uncased, bert-base-cased, bert-base-multilingual-cased?
}

func ExampleLookup() {
	e := hub.Lookup("vgg16")
	fmt.Println(e.Architecture, e.Licence)
	fmt.Println(e.Files[0].URL)
	// Output:
	// vgg16 BSD-3-Clause
	// https://download.pytorch.org/models/vgg16-397923af.pth
}
