package tensorfile

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/gotune/gotune/internal/sharedtest"
)

// miniLM is a real model of 104 tensors, 45 MB of them F16.
func miniLM(b *testing.B) string {
	return filepath.Join(sharedtest.Dir(b, "models", "minilm-l6-h384-uncased"), "model.safetensors")
}

func BenchmarkOpen(b *testing.B) {
	path := miniLM(b)
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenAndWiden is how a model is loaded: mapped, and each floating
// tensor widened into memory that is there already. Bytes count the file's.
func BenchmarkOpenAndWiden(b *testing.B) {
	path := miniLM(b)
	var dst []float32
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for t := range f.All() {
			n += len(t.Data)
			if !t.DType.Float() {
				continue
			}
			if dst == nil {
				dst = make([]float32, 30522*384) // the largest
			}
			if err := t.Float32sInto(dst[:t.Numel()]); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(n))
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWiden(b *testing.B) {
	const n = 4 << 20
	dst := make([]float32, n)
	for _, d := range []DType{F16, BF16, F32, F64} {
		data := make([]byte, n*d.Size())
		for i := 0; i < len(data); i += 2 { // normal numbers in each type, of both signs
			binary.LittleEndian.PutUint16(data[i:], uint16(0x2c00+i>>3&0x3ff|i<<12&0x8000))
		}
		t := Tensor{Name: "t", DType: d, Shape: []int{n}, Data: data}
		b.Run(string(d), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := t.Float32sInto(dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWrite includes the fsync, without which nothing is written.
func BenchmarkWrite(b *testing.B) {
	f := open(b, miniLM(b))
	path := filepath.Join(b.TempDir(), "model.safetensors")
	n := 0
	for t := range f.All() {
		n += len(t.Data)
	}
	b.SetBytes(int64(n))
	for b.Loop() {
		if err := Write(path, f.tensors, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCopyStrided transposes the first dense kernel of VGG16, the largest
// permutation that loading a model needs: [7,7,512,4096] to [4096,512,7,7].
func BenchmarkCopyStrided(b *testing.B) {
	const h, w, c, o = 7, 7, 512, 4096
	src := make([]byte, 4*h*w*c*o)
	dst := make([]byte, len(src))
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		copyStrided(dst, src, 4, []int{o, c, h, w}, []int{1, o, w * c * o, c * o})
	}
}
