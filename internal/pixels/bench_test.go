//go:build unix

package pixels

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gotune/gotune/internal/sharedtest"
)

// photographs returns the hymenoptera pictures of 30 to 60 KB, 43 KB on average:
// the size that throughput is quoted for.
func photographs(b *testing.B) [][]byte {
	b.Helper()
	names, err := filepath.Glob(filepath.Join(sharedtest.Dir(b, "data", "hymenoptera"), "*", "*", "*.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	var files [][]byte
	total := 0
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if len(data) > 30_000 && len(data) < 60_000 {
			files = append(files, data)
			total += len(data)
		}
	}
	if len(files) == 0 {
		b.Skip("no photographs of 30 to 60 KB")
	}
	b.SetBytes(int64(total / len(files)))
	return files
}

// perCore reports images a second of processor time: the rate of one core, also
// on a machine that does other things meanwhile. The caller defers it.
func perCore(b *testing.B) func() {
	start := processorTime(b)
	return func() {
		if spent := processorTime(b) - start; spent > 0 {
			b.ReportMetric(float64(b.N)/spent.Seconds(), "images/s/core")
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecodeShort is the first pass over a data set: 200 images/s a core
// is 5 ms.
func BenchmarkDecodeShort(b *testing.B) {
	files := photographs(b)
	b.ReportAllocs()
	defer perCore(b)()
	for i := 0; b.Loop(); i++ {
		if _, err := DecodeShort("photograph", files[i%len(files)], 256, DecodeOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	files := photographs(b)
	b.ReportAllocs()
	defer perCore(b)()
	for i := 0; b.Loop(); i++ {
		if err := Check("photograph", files[i%len(files)], DecodeOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWarp is one augmented example from the cache, bytes only: 1,200
// images/s a core is 0.83 ms.
func BenchmarkWarp(b *testing.B) {
	src := NewImage(341, 256)
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 7)
	}
	tilt := Affine{0.95, 0.2, 30, -0.2, 0.95, 30}
	for _, bench := range []struct {
		name   string
		layout Layout
		m      Affine
	}{
		{"tilted/CHW", CHW, tilt},
		{"tilted/HWC", HWC, tilt},
		{"crop/CHW", CHW, Translate(58, 16)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			dst := make([]uint8, 3*224*224)
			b.ReportAllocs()
			defer perCore(b)()
			for b.Loop() {
				if err := WarpInto(dst, bench.layout, 224, 224, src, bench.m, Fill{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNormalize(b *testing.B) {
	src, dst := make([]uint8, 3*224*224), make([]float32, 3*224*224)
	t := ImageNet().Normalizer()
	for _, bench := range []struct {
		name   string
		layout Layout
	}{{"CHW", CHW}, {"HWC", HWC}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			defer perCore(b)()
			for b.Loop() {
				if err := t.Apply(dst, src, bench.layout); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkExample is all that a worker does for one training example of a
// cached picture: the recipe's augmentation, and normalisation to float32.
func BenchmarkExample(b *testing.B) {
	src := NewImage(341, 256)
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 7)
	}
	dst, out := make([]uint8, 3*224*224), make([]float32, 3*224*224)
	norm := ImageNet().Normalizer()
	for _, spec := range []string{"documented", "crop", "none", "documented,jitter=0.2,hue=0.05"} {
		a, err := ParseAugment(spec)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(spec, func(b *testing.B) {
			b.ReportAllocs()
			defer perCore(b)()
			for i := 0; b.Loop(); i++ {
				if err := a.Sample(1, 0, i).Render(dst, CHW, 224, 224, src); err != nil {
					b.Fatal(err)
				}
				if err := norm.Apply(out, dst, CHW); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFromCache is one augmented example of a real photograph out of the
// memory-mapped cache, warp and planes included: 1,200 images/s a core.
func BenchmarkFromCache(b *testing.B) {
	files := photographs(b)
	cache := openTestCache(b, CacheOptions{Dir: b.TempDir(), MaxRAM: -1})
	keys := make([]Key, len(files))
	for i, data := range files {
		keys[i] = NewKey("photograph", int64(i), time.Time{}, 256, DecodeOptions{})
		if _, err := cache.Load(keys[i], func() (*Image, error) {
			return DecodeShort("photograph", data, 256, DecodeOptions{})
		}); err != nil {
			b.Fatal(err)
		}
	}
	a := Documented()
	dst := make([]uint8, 3*224*224)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	defer perCore(b)()
	for i := 0; b.Loop(); i++ {
		src, ok := cache.Get(keys[i%len(keys)])
		if !ok {
			b.Fatal("not in the cache")
		}
		if err := a.Sample(1, 0, i).Render(dst, CHW, 224, 224, src); err != nil {
			b.Fatal(err)
		}
	}
}
