package plural_test

import (
	"fmt"

	"github.com/gotune/gotune/internal/plural"
)

func ExampleOf() {
	fmt.Println(plural.Of(0, "steps"), plural.Of(1, "sequences"), plural.Of(1, "batches"), plural.Of(1, "classes"), plural.Of(2, "images"))
	fmt.Println(plural.Of(1, "caches"), plural.Of(1, "branches"), plural.Of(1, "boxes"), plural.Of(1, "hashes"), plural.Of(1, "pictures"))
	// Output:
	// 0 steps 1 sequence 1 batch 1 class 2 images
	// 1 cache 1 branch 1 box 1 hash 1 picture
}
