package pixels_test

import (
	"fmt"
	"os"
	"time"

	"github.com/gotune/gotune/internal/pixels"
)

// An augmented training example, from a cached picture to the numbers that the
// network reads.
func Example() {
	src := pixels.NewImage(341, 256) // short side 256, out of the cache
	a, err := pixels.ParseAugment("documented")
	if err != nil {
		fmt.Println(err)
		return
	}
	bytes := make([]uint8, 3*224*224) // a worker's buffer, used again and again
	example := make([]float32, 3*224*224)
	p := a.Sample(1, 0, 17) // seed, epoch, index
	if err := p.Render(bytes, pixels.CHW, 224, 224, src); err != nil {
		fmt.Println(err)
		return
	}
	norm := pixels.ImageNet().Normalizer()
	if err := norm.Apply(example, bytes, pixels.CHW); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n", example[0])
	// Output: -2.118
}

func ExampleWarpInto() {
	src := pixels.NewImage(4, 1)
	for x := range 4 {
		src.Pix[3*x] = uint8(50 * x) // red rises to the right
	}
	dst := make([]uint8, 3*4)
	mirror := pixels.Affine{-1, 0, 3, 0, 1, 0}
	if err := pixels.WarpInto(dst, pixels.CHW, 4, 1, src, mirror, pixels.Fill{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dst[:4])
	// Output: [150 100 50 0]
}

func ExampleParseAugment() {
	a, err := pixels.ParseAugment("documented,rotate=10,erase=0.25")
	fmt.Println(a, err)
	_, err = pixels.ParseAugment("zoom=2,rotate=-5")
	fmt.Println(err)
	// Output:
	// rotate=10,zoom=0.15,flip,erase=0.25,fit=stretch <nil>
	// augment: rotate is -5, want 0 to 180
	// augment: zoom is 2, want 0 to 0.95
}

func ExampleResizeShort() {
	m, err := pixels.ResizeShort(pixels.NewImage(640, 480), 256)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.W, m.H)
	// Output: 341 256
}

func ExampleCache() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	key := pixels.NewKey("/photos/bee.jpg", 43_117, time.Unix(1_700_000_000, 0), 256, pixels.DecodeOptions{})
	for run := range 2 {
		cache, err := pixels.OpenCache(pixels.CacheOptions{Dir: dir})
		if err != nil {
			fmt.Println(err)
			return
		}
		m, err := cache.Load(key, func() (*pixels.Image, error) {
			fmt.Println("decoding")
			return pixels.NewImage(341, 256), nil // pixels.DecodeShort in earnest
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("run", run, m.W, m.H)
		if err := cache.Close(); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// decoding
	// run 0 341 256
	// run 1 341 256
}
