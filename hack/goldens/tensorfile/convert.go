//go:build ignore

// Command convert writes a file of tensors as safetensors, for check_keras.py and
// check_write.py to compare with what Python reads.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/gotune/gotune/internal/tensorfile"
)

func main() {
	keras := flag.Bool("keras-vgg16", false, "give a Keras VGG16 torchvision's names and layout")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: convert [-keras-vgg16] IN OUT.safetensors")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), flag.Arg(1), *keras); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func convert(from, to string, keras bool) error {
	f, err := tensorfile.Open(from)
	if err != nil {
		return err
	}
	tensors := slices.Collect(f.All())
	if keras {
		if tensors, err = tensorfile.KerasVGG16ToTorch(f); err != nil {
			return err
		}
	}
	if err := tensorfile.Write(to, tensors, f.Metadata()); err != nil {
		return err
	}
	return f.Close()
}
