package tensorboard_test

import (
	"fmt"
	"os"
	"time"

	"github.com/gotune/gotune/internal/tensorboard"
)

func ExampleWriter() {
	dir, err := os.MkdirTemp("", "tensorboard")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	// A run of 100 steps that goes on after the 60th, from a checkpoint.
	for _, from := range []int{0, 61} {
		w, err := tensorboard.Create(dir, from)
		if err != nil {
			fmt.Println(err)
			return
		}
		for step := max(from, 1); step <= 100; step++ {
			if err := w.Scalars(step, time.Now(), tensorboard.Scalar{Tag: "train/loss", Value: 1 / float64(step)}); err != nil {
				fmt.Println(err)
				return
			}
		}
		if err := w.Close(); err != nil {
			fmt.Println(err)
			return
		}
	}
	files, err := os.ReadDir(dir)
	fmt.Println(len(files), err)
	// Output: 2 <nil>
}
